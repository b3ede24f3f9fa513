#include "engine/nn/linear.h"

#include <ATen/ops/addmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>

#include <cmath>

namespace orrery::nn {

using kernels::Activation;

EqualLinear::EqualLinear(std::int64_t in_features, std::int64_t out_features, const LinearOptions& options)
    : options_(options), weight_gain_(options.lr_multiplier / std::sqrt(static_cast<double>(in_features))) {
  weight = register_parameter("weight", at::zeros({out_features, in_features}));
  if (options.bias) bias = register_parameter("bias", at::full({out_features}, options.bias_init));
}

void EqualLinear::reset_weights(Rng rng) {
  weight.copy_(rng.normal(weight.sizes(), weight.options().requires_grad(false)).div_(options_.lr_multiplier));
  if (bias.defined()) bias.fill_(options_.bias_init);
}

at::Tensor EqualLinear::forward(const at::Tensor& x) const {
  if (options_.activation == Activation::linear && bias.defined()) {
    return at::addmm(bias, x, weight.t(), options_.lr_multiplier, weight_gain_);
  }
  const at::Tensor y = at::matmul(x, (weight * weight_gain_).t());
  if (options_.activation == Activation::linear) return y;
  kernels::BiasAct act;
  act.activation = options_.activation;
  act.gain = kernels::default_gain(options_.activation);
  return kernels::bias_act(y, bias.defined() && options_.lr_multiplier != 1.0 ? bias * options_.lr_multiplier : bias, act);
}

at::Tensor normalise_second_moment(const at::Tensor& x, double eps) { return x * (x.square().mean(1, /*keepdim=*/true) + eps).rsqrt(); }

}  // namespace orrery::nn
