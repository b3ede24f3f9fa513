#include "engine/nn/plain_conv.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/zeros.h>

#include <cmath>

namespace orrery::nn {

PlainConv2d::PlainConv2d(std::int64_t in_channels, std::int64_t out_channels, const PlainConvOptions& options) : options_(options) {
  const std::int64_t first = options.transposed ? in_channels : out_channels, second = options.transposed ? out_channels : in_channels;
  weight = register_parameter("weight", at::zeros({first, second, options.kernel, options.kernel}));
  bias = register_parameter("bias", at::zeros({out_channels}));
}

at::Tensor PlainConv2d::forward(const at::Tensor& x) const {
  const std::int64_t stride[] = {options_.stride, options_.stride}, padding[] = {options_.padding, options_.padding};
  if (options_.transposed) return at::conv_transpose2d(x, weight, bias, at::IntArrayRef(stride), at::IntArrayRef(padding));
  return at::conv2d(x, weight, bias, at::IntArrayRef(stride), at::IntArrayRef(padding));
}

void PlainConv2d::reset_weights(Rng rng) {
  const auto options = weight.options().requires_grad(false);
  const double bound = 1.0 / std::sqrt(static_cast<double>(weight.size(1) * options_.kernel * options_.kernel));
  weight.copy_(rng.fork("weight").uniform(weight.sizes(), options).mul_(2.0 * bound).sub_(bound));
  bias.copy_(rng.fork("bias").uniform(bias.sizes(), options).mul_(2.0 * bound).sub_(bound));
}

}  // namespace orrery::nn
