#include "engine/nn/conv_layer.h"

#include <ATen/ops/zeros.h>

#include <cmath>

#include "engine/nn/resample_conv.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

namespace orrery::nn {

ConvLayer::ConvLayer(std::int64_t in_channels, std::int64_t out_channels, const ConvLayerOptions& options)
    : options_(options), weight_gain_(1.0 / std::sqrt(static_cast<double>(in_channels * options.kernel * options.kernel))) {
  weight = register_parameter("weight", at::zeros({out_channels, in_channels, options.kernel, options.kernel}));
  if (options.bias) bias = register_parameter("bias", at::zeros({out_channels}));
  resample_filter = register_buffer("resample_filter", kernels::setup_filter(options.resample_filter));
}

void ConvLayer::reset_weights(Rng rng) {
  weight.copy_(rng.normal(weight.sizes(), weight.options().requires_grad(false)));
  if (bias.defined()) bias.zero_();
}

at::Tensor ConvLayer::forward(const at::Tensor& x, double gain) const {
  ResampleConv conv;
  conv.up = options_.up;
  conv.down = options_.down;
  const auto pad = options_.kernel / 2;
  conv.padding = {pad, pad, pad, pad};
  conv.flip_weight = options_.up == 1;
  const at::Tensor y = resample_conv2d(x, weight * weight_gain_, resample_filter, conv);
  kernels::BiasAct act;
  act.activation = options_.activation;
  act.gain = kernels::default_gain(options_.activation) * gain;
  act.clamp = options_.conv_clamp >= 0 ? options_.conv_clamp * gain : -1.0;
  return kernels::bias_act(y, bias, act);
}

}  // namespace orrery::nn
