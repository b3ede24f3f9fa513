// Fully connected layer with equalised learning rate.
// Source: Karras et al. 2018 (Progressive GAN), section 4.1; the learning-rate multiplier of Karras et al. 2019 (StyleGAN), appendix C.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include "engine/nn/reset.h"
#include "kernels/bias_act/bias_act.h"

namespace orrery::nn {

struct LinearOptions {
  kernels::Activation activation = kernels::Activation::linear;
  double lr_multiplier = 1.0;
  double bias_init = 0.0;
  bool bias = true;
};

// y = act(x (W g)^T + b m) * default gain, g = m / sqrt(in), m = lr_multiplier. W [out, in] is stored divided by m.
class EqualLinear : public torch::nn::Module, public Resettable {
 public:
  EqualLinear(std::int64_t in_features, std::int64_t out_features, const LinearOptions& options = {});
  // x [N, in] -> [N, out]
  at::Tensor forward(const at::Tensor& x) const;
  void reset_weights(Rng rng) override;

  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out] or undefined
  double weight_gain() const { return weight_gain_; }
  const LinearOptions& options() const { return options_; }

 private:
  LinearOptions options_;
  double weight_gain_;
};

// x / sqrt(mean(x^2, dim 1) + 1e-8). x [N, C].
at::Tensor normalise_second_moment(const at::Tensor& x, double eps = 1e-8);

}  // namespace orrery::nn
