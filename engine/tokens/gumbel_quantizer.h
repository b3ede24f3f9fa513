// Codes drawn by the Gumbel-softmax relaxation (Jang et al. 2017; Ramesh et al. 2021, DALL-E, section 2.1).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>

#include "engine/nn/basic_layers.h"
#include "engine/nn/embedding.h"

namespace orrery::tokens {

// softmax((logits + noise) / temperature) over `dim`; hard: one-hot in value, the first of equals, with the soft derivative. noise: standard
// Gumbel, like logits.
at::Tensor gumbel_softmax(const at::Tensor& logits, const at::Tensor& noise, double temperature, bool hard, std::int64_t dim);
// Squared distances [..., codes] of rows [..., dim] to a codebook [codes, dim]; differentiable.
at::Tensor squared_distances(const at::Tensor& rows, const at::Tensor& codebook);

struct GumbelQuantized {
  at::Tensor maps;   // [N, dim, H, W]
  at::Tensor kl;     // [N] mean over the grid of KL(q || uniform), times kl_weight
  at::Tensor codes;  // int64 [N, H, W]
};

// VQGAN's: logits from the features by "proj" (1 x 1), vectors from "embed.weight" [codes, dim].
class GumbelQuantizer : public torch::nn::Module {
 public:
  GumbelQuantizer(std::int64_t in_channels, std::int64_t codes, std::int64_t dim, double kl_weight = 5e-4);
  // features [N, in, H, W], noise [N, codes, H, W]. hard: see gumbel_softmax; published programs take true outside of training.
  GumbelQuantized forward(const at::Tensor& features, const at::Tensor& noise, double temperature, bool hard) const;
  at::Tensor codebook() const { return embed_->weight; }

 private:
  std::shared_ptr<nn::Conv2d> proj_;
  std::shared_ptr<nn::Embedding> embed_;
  double kl_weight_;
};

// MaskGIT's: the logits are minus the squared distances to the codebook. rows [..., dim], noise [..., codes].
struct GumbelRows {
  at::Tensor rows;   // [..., dim] weighted means of the codebook
  at::Tensor codes;  // int64 [...]: nearest, without noise
};
GumbelRows gumbel_rows(const at::Tensor& rows, const at::Tensor& codebook, const at::Tensor& noise, double temperature);

}  // namespace orrery::tokens
