#include "engine/nn/basic_layers.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "engine/nn/resample_conv.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

namespace orrery::nn {
namespace {

void draw(at::Tensor& out, double factor, Init::Law law, std::int64_t fan_in, std::int64_t fan_out, Rng rng) {
  if (factor == 0.0) {
    out.zero_();
    return;
  }
  const auto options = out.options().requires_grad(false);
  if (law == Init::Law::kaiming_normal) {
    out.copy_(rng.normal(out.sizes(), options).mul_(factor / std::sqrt(static_cast<double>(fan_in))));
    return;
  }
  const double bound = law == Init::Law::xavier_uniform ? std::sqrt(6.0 / static_cast<double>(fan_in + fan_out)) : std::sqrt(3.0 / static_cast<double>(fan_in));
  out.copy_(rng.uniform(out.sizes(), options).mul_(2.0 * bound * factor).sub_(bound * factor));
}

}  // namespace

Linear::Linear(std::int64_t in_features, std::int64_t out_features, bool with_bias, const Init& init) : init_(init) {
  weight = register_parameter("weight", at::zeros({out_features, in_features}));
  if (with_bias) bias = register_parameter("bias", at::zeros({out_features}));
}

at::Tensor Linear::forward(const at::Tensor& x) const { return bias.defined() ? at::addmm(bias, x, weight.t()) : at::matmul(x, weight.t()); }

void Linear::reset_weights(Rng rng) {
  const auto fan_out = weight.size(0), fan_in = weight.size(1);
  draw(weight, init_.weight, init_.law, fan_in, fan_out, rng.fork("weight"));
  if (bias.defined()) draw(bias, init_.bias, init_.law, fan_in, fan_out, rng.fork("bias"));
}

Conv2d::Conv2d(std::int64_t in_channels, std::int64_t out_channels, const ConvOptions& options) : options_(options) {
  if (options.kernel > 0) {
    weight = register_parameter("weight", at::zeros({out_channels, in_channels, options.kernel, options.kernel}));
    if (options.bias) bias = register_parameter("bias", at::zeros({out_channels}));
  }
  if (options.up || options.down)
    resample_filter = register_buffer("resample_filter", kernels::setup_filter(options.resample_filter).unsqueeze(0).unsqueeze(0));
}

void Conv2d::reset_weights(Rng rng) {
  if (!weight.defined()) return;
  const auto area = weight.size(2) * weight.size(3), fan_out = weight.size(0) * area, fan_in = weight.size(1) * area;
  draw(weight, options_.init.weight, options_.init.law, fan_in, fan_out, rng.fork("weight"));
  if (bias.defined()) draw(bias, options_.init.bias, options_.init.law, fan_in, fan_out, rng.fork("bias"));
}

at::Tensor Conv2d::resampled(const at::Tensor& x) const {
  const auto taps = resample_filter.size(-1), pad = (taps - 1) / 2;
  kernels::UpFirDn o;
  if (options_.up) {  // the transpose of the filter on the way down
    o.up_x = o.up_y = 2;
    o.padding = {taps - 1 - pad, taps - 2 - pad, taps - 1 - pad, taps - 2 - pad};
    o.gain = 4.0;
  } else {
    o.down_x = o.down_y = 2;
    o.padding = {pad, pad, pad, pad};
    o.flip_filter = true;
  }
  return kernels::upfirdn2d(x, resample_filter.view({taps, taps}).to(at::kFloat), o);
}

// Large maps go through Winograd's method, small ones that need no derivatives through products of matrices with the weights laid out
// for them; everything else, and every other device, through LibTorch.
at::Tensor Conv2d::convolved(const at::Tensor& x) const {
  constexpr auto kSame = kernels::Conv3x3Form::same;
  const auto pad = options_.kernel / 2, out = weight.size(0);
  const bool pays = options_.kernel == 3 && weight.scalar_type() == x.scalar_type() && kernels::conv3x3_pays(x, out, kSame);
  if (at::GradMode::is_enabled()) {
    // Below 64 channels derivatives gain little, and Adam's first steps make much of rounding where a gradient is all but zero.
    if (!pays || std::min(x.size(1), out) < 64) return at::conv2d(x, weight, bias, at::IntArrayRef({1, 1}), at::IntArrayRef({pad, pad}));
    const at::Tensor y = kernels::conv3x3(x, weight, kSame);
    return bias.defined() ? y + bias.view({1, -1, 1, 1}) : y;
  }
  if (pays) {
    const auto ready = ready_.get(weight, is_training(), 1, [&] { return kernels::conv3x3_weights(weight); });
    return kernels::conv3x3_layer(x, *ready, kSame, {}, {}, {}, bias, {1, kernels::Activation::linear, 0.0, 1.0, -1.0});
  }
  if (options_.kernel == 3 && x.device().is_cpu() && x.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat && x.size(1) >= 32 && out >= 32) {
    const auto ready = ready_.get(weight, is_training(), 0, [&] { return kernels::conv3x3_plain_weights(weight); });
    const at::Tensor y = kernels::conv3x3_plain(x, *ready, kSame, {});
    return bias.defined() ? y.add_(bias.view({1, -1, 1, 1})) : y;
  }
  return at::conv2d(x, weight, bias, at::IntArrayRef({1, 1}), at::IntArrayRef({pad, pad}));
}

at::Tensor Conv2d::forward(const at::Tensor& x) const {
  const bool resamples = options_.up || options_.down;
  const auto pad = options_.kernel / 2;
  if (resamples && options_.fused && weight.defined()) {
    ResampleConv o;
    o.up = options_.up ? 2 : 1;
    o.down = options_.down ? 2 : 1;
    o.padding = {pad, pad, pad, pad};
    o.flip_filter = options_.down;
    const auto taps = resample_filter.size(-1);
    const at::Tensor y = resample_conv2d(x, weight, resample_filter.view({taps, taps}).to(at::kFloat), o);
    return bias.defined() ? y + bias.view({1, -1, 1, 1}) : y;
  }
  const at::Tensor y = resamples ? resampled(x) : x;
  if (!weight.defined()) return y;
  return convolved(y);
}

GroupNorm::GroupNorm(std::int64_t channels, double eps, std::int64_t most_groups, std::int64_t least_per_group)
    : groups_(std::max<std::int64_t>(1, std::min(most_groups, channels / least_per_group))), eps_(eps) {
  weight = register_parameter("weight", at::ones({channels}));
  bias = register_parameter("bias", at::zeros({channels}));
}

at::Tensor GroupNorm::forward(const at::Tensor& x) const { return at::group_norm(x, groups_, weight, bias, eps_); }

void GroupNorm::reset_weights(Rng) {
  weight.fill_(1.0);
  bias.zero_();
}

at::Tensor silu(at::Tensor&& x) { return at::GradMode::is_enabled() ? at::silu(x) : at::silu_(x); }

at::Tensor scaled_sum(at::Tensor&& x, const at::Tensor& y, double scale) {
  if (at::GradMode::is_enabled()) return scale == 1.0 ? x + y : (x + y) * scale;
  x.add_(y);
  return scale == 1.0 ? x : x.mul_(scale);
}

}  // namespace orrery::nn
