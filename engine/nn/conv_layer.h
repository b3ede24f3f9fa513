// Convolution layer with equalised learning rate, built-in resampling and activation.
// Source: Karras et al. 2020 (StyleGAN2), figure 7 and appendix B.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <vector>

#include "engine/nn/reset.h"
#include "kernels/bias_act/bias_act.h"

namespace orrery::nn {

struct ConvLayerOptions {
  std::int64_t kernel = 3;
  bool bias = true;
  kernels::Activation activation = kernels::Activation::linear;
  std::int64_t up = 1;
  std::int64_t down = 1;
  std::vector<double> resample_filter{1, 3, 3, 1};
  double conv_clamp = -1.0;  // < 0: none
};

// y = clamp(act(conv(x, W / sqrt(in k^2)) + b) * default gain * gain); the clamp is conv_clamp * gain.
class ConvLayer : public torch::nn::Module, public Resettable {
 public:
  ConvLayer(std::int64_t in_channels, std::int64_t out_channels, const ConvLayerOptions& options);
  // x [N, in, H, W] -> [N, out, H up / down, W up / down]
  at::Tensor forward(const at::Tensor& x, double gain = 1.0) const;
  void reset_weights(Rng rng) override;

  at::Tensor weight;           // [out, in, k, k], unit variance
  at::Tensor bias;             // [out] or undefined
  at::Tensor resample_filter;  // buffer
  double weight_gain() const { return weight_gain_; }
  const ConvLayerOptions& options() const { return options_; }

 private:
  ConvLayerOptions options_;
  double weight_gain_;
};

}  // namespace orrery::nn
