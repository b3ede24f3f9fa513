#include "engine/tokens/gumbel_quantizer.h"

#include <ATen/ops/softmax.h>
#include <ATen/ops/tensordot.h>
#include <ATen/ops/zeros_like.h>

namespace orrery::tokens {

at::Tensor gumbel_softmax(const at::Tensor& logits, const at::Tensor& noise, double temperature, bool hard, std::int64_t dim) {
  const at::Tensor soft = at::softmax((logits + noise) / temperature, dim);
  if (!hard) return soft;
  const at::Tensor one_hot = at::zeros_like(soft).scatter_(dim, soft.argmax(dim, true), 1.0);
  return one_hot - soft.detach() + soft;
}

at::Tensor squared_distances(const at::Tensor& rows, const at::Tensor& codebook) {
  return rows.square().sum(-1, true) - rows.matmul(codebook.t()) * 2.0 + codebook.square().sum(1);
}

GumbelQuantizer::GumbelQuantizer(std::int64_t in_channels, std::int64_t codes, std::int64_t dim, double kl_weight) : kl_weight_(kl_weight) {
  nn::ConvOptions options;
  options.kernel = 1;
  proj_ = register_module("proj", std::make_shared<nn::Conv2d>(in_channels, codes, options));
  embed_ = register_module("embed", std::make_shared<nn::Embedding>(codes, dim));
}

GumbelQuantized GumbelQuantizer::forward(const at::Tensor& features, const at::Tensor& noise, double temperature, bool hard) const {
  const at::Tensor logits = proj_->forward(features), choice = gumbel_softmax(logits, noise, temperature, hard, 1);
  GumbelQuantized out;
  out.maps = at::tensordot(choice, embed_->weight, {1}, {0}).permute({0, 3, 1, 2});
  const at::Tensor q = at::softmax(logits, 1);
  out.kl = (q * (q * static_cast<double>(q.size(1)) + 1e-10).log()).sum(1).flatten(1).mean(1) * kl_weight_;
  out.codes = choice.argmax(1);
  return out;
}

GumbelRows gumbel_rows(const at::Tensor& rows, const at::Tensor& codebook, const at::Tensor& noise, double temperature) {
  const at::Tensor distances = squared_distances(rows, codebook);
  return {gumbel_softmax(-distances, noise, temperature, false, -1).matmul(codebook), distances.argmin(-1)};
}

}  // namespace orrery::tokens
