// Features of a number: what a network sees of the noise level.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>

#include "engine/nn/reset.h"

namespace orrery::nn {

// cos || sin of x f_k, f_k = max_period^(-k / (channels / 2 - endpoint)), k = 0 ... channels / 2 - 1 (Vaswani et al. 2017, section 3.5).
// x [N] -> [N, channels], computed in the type of x.
at::Tensor positional_embedding(const at::Tensor& x, std::int64_t channels, bool endpoint = false, double max_period = 10000.0);
// sin || cos instead.
at::Tensor swap_halves(const at::Tensor& embedding);

// cos || sin of 2 pi x f_k with fixed random f_k ~ N(0, scale^2) (Tancik et al. 2020; Song et al. 2021, NCSN++). Buffer: freqs [channels / 2].
class FourierEmbedding : public torch::nn::Module, public Resettable {
 public:
  explicit FourierEmbedding(std::int64_t channels, double scale = 16.0);
  at::Tensor forward(const at::Tensor& x) const;  // [N] -> [N, channels]
  void reset_weights(Rng rng) override;

  at::Tensor freqs;

 private:
  double scale_;
};

}  // namespace orrery::nn
