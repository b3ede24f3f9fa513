// Convolutions as LibTorch has them, any kernel, stride and padding, forwards or transposed. Weights: weight, bias; they start as
// U(-1 / sqrt(fan in), 1 / sqrt(fan in)).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>

#include "engine/nn/reset.h"

namespace orrery::nn {

struct PlainConvOptions {
  std::int64_t kernel = 3, stride = 1, padding = 1;
  bool transposed = false;
};

// [N, in, H, W] -> [N, out, H', W'], H' = (H + 2 padding - kernel) / stride + 1, transposed: (H - 1) stride - 2 padding + kernel.
class PlainConv2d : public torch::nn::Module, public Resettable {
 public:
  PlainConv2d(std::int64_t in_channels, std::int64_t out_channels, const PlainConvOptions& options = {});
  at::Tensor forward(const at::Tensor& x) const;
  void reset_weights(Rng rng) override;

  at::Tensor weight;  // [out, in, k, k], transposed: [in, out, k, k]
  at::Tensor bias;    // [out]

 private:
  PlainConvOptions options_;
};

}  // namespace orrery::nn
