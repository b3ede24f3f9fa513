// bias_act: y = clamp(act(x + b) * gain), one pass. Source: the fused epilogue of StyleGAN (Karras et al. 2019-2021).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string_view>

namespace orrery::kernels {

enum class Activation { linear, relu, lrelu, tanh, sigmoid, elu, selu, softplus, swish };
// "lrelu" and so on. Throws std::invalid_argument.
Activation activation_from_name(std::string_view name);
// The gain that keeps the variance: 1 for linear, tanh, sigmoid, elu, selu, softplus; sqrt(2) for relu, lrelu, swish.
double default_gain(Activation activation);
// Slope of lrelu for x < 0.
inline constexpr double kLeakySlope = 0.2;

struct BiasAct {
  std::int64_t dim = 1;      // of x, along which b runs
  Activation activation = Activation::linear;
  double alpha = kLeakySlope;
  double gain = 1.0;
  double clamp = -1.0;       // < 0: none. Applied after the gain.
};

// x: any shape, float32 or float64; b: [x.size(dim)] or undefined. Differentiable twice in x and b.
at::Tensor bias_act(const at::Tensor& x, const at::Tensor& b, const BiasAct& options);

}  // namespace orrery::kernels
