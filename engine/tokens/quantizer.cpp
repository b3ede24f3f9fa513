#include "engine/tokens/quantizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>

#include "kernels/nearest_code/nearest_code.h"

namespace orrery::tokens {

at::Tensor nearest_codes(const at::Tensor& rows, const at::Tensor& codebook) {
  std::vector<std::int64_t> shape = rows.sizes().vec();
  shape.pop_back();
  return kernels::nearest_code(rows.reshape({-1, codebook.size(1)}), codebook).view(shape);
}

at::Tensor look_up(const at::Tensor& codes, const at::Tensor& codebook) { return at::embedding(codebook, codes); }

at::Tensor straight_through(const at::Tensor& latents, const at::Tensor& quantised) { return latents + (quantised - latents).detach(); }

namespace {

at::Tensor squares_of(const at::Tensor& a, const at::Tensor& b) { return (a - b).square().flatten(1).mean(1); }

}  // namespace

at::Tensor commitment_loss(const at::Tensor& latents, const at::Tensor& quantised) { return squares_of(quantised.detach(), latents); }
at::Tensor codebook_loss(const at::Tensor& latents, const at::Tensor& quantised) { return squares_of(quantised, latents.detach()); }

at::Tensor vqgan_loss(const at::Tensor& latents, const at::Tensor& quantised, double beta, bool legacy) {
  const at::Tensor commitment = commitment_loss(latents, quantised), codebook = codebook_loss(latents, quantised);
  return legacy ? commitment + codebook * beta : commitment * beta + codebook;
}

Quantized Quantizer::quantize(const at::Tensor& rows) const {
  Quantized out;
  const at::Tensor book = codebook();
  out.codes = nearest_codes(rows, book);
  out.looked_up = look_up(out.codes, book);
  out.vectors = straight_through(rows, out.looked_up);
  return out;
}

GradientQuantizer::GradientQuantizer(std::int64_t codes, std::int64_t dim) {
  embedding_ = register_module("embedding", std::make_shared<nn::Embedding>(codes, dim, 1.0 / static_cast<double>(codes), nn::Embedding::Start::uniform));
}

void GradientQuantizer::restart(const at::Tensor& codes, const at::Tensor& vectors, double) {
  const at::NoGradGuard no_grad;
  at::Tensor weight = embedding_->weight;
  weight.index_copy_(0, codes, vectors.to(weight.scalar_type()));
}

EmaQuantizer::EmaQuantizer(std::int64_t codes, std::int64_t dim, double decay, double eps) : decay_(decay), eps_(eps) {
  embed = register_buffer("embed", at::zeros({dim, codes}));
  cluster_size = register_buffer("cluster_size", at::zeros({codes}));
  embed_avg = register_buffer("embed_avg", at::zeros({dim, codes}));
}

void EmaQuantizer::reset_weights(Rng rng) {
  embed.copy_(rng.fork("embed").normal(embed.sizes(), embed.options()));
  embed_avg.copy_(embed);
  cluster_size.zero_();
}

void EmaQuantizer::update(const at::Tensor& rows, const at::Tensor& codes) {
  const at::NoGradGuard no_grad;
  const at::Tensor flat = rows.detach().reshape({-1, embed.size(0)}).to(embed.scalar_type()), chosen = codes.reshape({-1});
  const at::Tensor counts = chosen.bincount({}, cluster_size.size(0)).to(embed.scalar_type());
  const at::Tensor sums = at::zeros({embed.size(1), embed.size(0)}, embed.options()).index_add_(0, chosen, flat).t();
  cluster_size.mul_(decay_).add_(counts, 1.0 - decay_);
  embed_avg.mul_(decay_).add_(sums, 1.0 - decay_);
  const at::Tensor total = cluster_size.sum();
  const at::Tensor smoothed = (cluster_size + eps_) / (total + static_cast<double>(cluster_size.size(0)) * eps_) * total;
  embed.copy_(embed_avg / smoothed.unsqueeze(0));
}

void EmaQuantizer::restart(const at::Tensor& codes, const at::Tensor& vectors, double count) {
  const at::NoGradGuard no_grad;
  const at::Tensor columns = vectors.to(embed.scalar_type()).t();
  embed.index_copy_(1, codes, columns);
  embed_avg.index_copy_(1, codes, columns * count);
  cluster_size.index_fill_(0, codes, count);
}

}  // namespace orrery::tokens
