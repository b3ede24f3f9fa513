#include "engine/nn/resample_conv.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/matmul.h>

#include "kernels/conv3x3/conv3x3.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

namespace orrery::nn {
namespace {

using Pad = std::array<std::int64_t, 4>;

bool channels_innermost(const at::Tensor& x) { return x.is_contiguous(at::MemoryFormat::ChannelsLast) && !x.is_contiguous(); }

at::Tensor convolve(const at::Tensor& x, const at::Tensor& w, const Pad& pad, std::int64_t stride, std::int64_t groups, bool flip_weight) {
  if (w.size(2) == 1 && w.size(3) == 1 && stride == 1 && groups == 1 && pad == Pad{} && at::GradMode::is_enabled() && channels_innermost(x)) {
    return at::matmul(x.permute({0, 2, 3, 1}), w.view({w.size(0), w.size(1)}).t()).permute({0, 3, 1, 2});  // such pictures are matrices as they lie
  }
  const at::Tensor kernel = flip_weight || (w.size(2) == 1 && w.size(3) == 1) ? w : w.flip({2, 3});
  if (pad[0] == pad[1] && pad[2] == pad[3] && pad[0] >= 0 && pad[2] >= 0) {
    return at::conv2d(x, kernel, {}, at::IntArrayRef({stride, stride}), at::IntArrayRef({pad[2], pad[0]}), at::IntArrayRef({1, 1}), groups);
  }
  return at::conv2d(at::constant_pad_nd(x, {pad[0], pad[1], pad[2], pad[3]}), kernel, {}, at::IntArrayRef({stride, stride}),
                    at::IntArrayRef({0, 0}), at::IntArrayRef({1, 1}), groups);
}

at::Tensor resample(const at::Tensor& x, const at::Tensor& filter, std::int64_t up, std::int64_t down, const Pad& pad, double gain,
                    bool flip) {
  kernels::UpFirDn options;
  options.up_x = options.up_y = up;
  options.down_x = options.down_y = down;
  options.padding = pad;
  options.flip_filter = flip;
  options.gain = gain;
  return kernels::upfirdn2d(x, filter, options);
}

// Stride-`up` transposed convolution: the full true convolution of the zero-inserted picture, without its trailing zeros.
at::Tensor convolve_zero_inserted(const at::Tensor& x, const at::Tensor& w, std::int64_t up, std::int64_t groups, bool flip_weight) {
  at::Tensor kernel = flip_weight ? w.flip({2, 3}) : w;
  const auto o = w.size(0), i = w.size(1), kh = w.size(2), kw = w.size(3);
  kernel = groups == 1 ? kernel.transpose(0, 1)
                       : kernel.reshape({groups, o / groups, i, kh, kw}).transpose(1, 2).reshape({groups * i, o / groups, kh, kw});
  return at::conv_transpose2d(x, kernel, {}, {up, up}, {0, 0}, {0, 0}, groups);
}

}  // namespace

bool conv3x3_has_form(const at::Tensor& filter) { return filter.defined() && filter.dim() == 2 && filter.size(0) == 4 && filter.size(1) == 4; }

std::optional<kernels::Conv3x3Form> conv3x3_form(const at::Tensor& x, std::int64_t out_channels, std::int64_t kernel, const at::Tensor& filter, const ResampleConv& o) {
  using Form = kernels::Conv3x3Form;
  if (kernel != 3 || o.groups != 1 || o.up * o.down > 2 || o.padding != Pad{1, 1, 1, 1}) return std::nullopt;
  if (o.up * o.down == 2 && !conv3x3_has_form(filter)) return std::nullopt;
  const Form form = o.up == 2 ? Form::up : o.down == 2 ? Form::down : Form::same;
  return kernels::conv3x3_pays(x, out_channels, form) ? std::optional<Form>(form) : std::nullopt;
}

at::Tensor conv3x3_kernel(const at::Tensor& w, const at::Tensor& filter, kernels::Conv3x3Form form, const ResampleConv& o) {
  const at::Tensor kernel = o.flip_weight ? w : w.flip({2, 3});
  if (form == kernels::Conv3x3Form::same) return kernel;
  const at::Tensor taps = o.flip_filter ? filter.flip({0, 1}) : filter;
  return form == kernels::Conv3x3Form::up ? kernels::conv3x3_up_weights(kernel, taps) : kernels::conv3x3_down_weights(kernel, taps);
}

at::Tensor resample_conv2d(const at::Tensor& x, const at::Tensor& w, const at::Tensor& filter, const ResampleConv& o) {
  const auto kh = w.size(2), kw = w.size(3);
  const auto fw = filter.defined() ? filter.size(-1) : 1;
  const auto fh = filter.defined() ? filter.size(0) : 1;
  if (kh == kw) {
    if (const auto form = conv3x3_form(x, w.size(0), kh, filter, o)) return kernels::conv3x3(x, conv3x3_kernel(w, filter, *form, o), *form);
  }
  const double gain = static_cast<double>(o.up * o.up);
  Pad pad = o.padding;
  if (o.up > 1) {
    pad[0] += (fw + o.up - 1) / 2, pad[1] += (fw - o.up) / 2;
    pad[2] += (fh + o.up - 1) / 2, pad[3] += (fh - o.up) / 2;
  }
  if (o.down > 1) {
    pad[0] += (fw - o.down + 1) / 2, pad[1] += (fw - o.down) / 2;
    pad[2] += (fh - o.down + 1) / 2, pad[3] += (fh - o.down) / 2;
  }
  if (o.up == 1 && o.down == 1) return convolve(x, w, pad, 1, o.groups, o.flip_weight);
  if (o.up == 1) {  // a filter and a convolution commute: filter before the stride
    if (kh == 1 && kw == 1) return convolve(resample(x, filter, 1, o.down, pad, 1.0, o.flip_filter), w, {}, 1, o.groups, true);
    return convolve(resample(x, filter, 1, 1, pad, 1.0, o.flip_filter), w, {}, o.down, o.groups, o.flip_weight);
  }
  if (kh == 1 && kw == 1 && o.down == 1) return resample(convolve(x, w, {}, 1, o.groups, true), filter, o.up, 1, pad, gain, o.flip_filter);
  at::Tensor y;
  if (o.down == 1) {
    y = convolve_zero_inserted(x, w, o.up, o.groups, o.flip_weight);
    pad[0] -= kw - 1, pad[1] -= kw - o.up, pad[2] -= kh - 1, pad[3] -= kh - o.up;
    return resample(y, filter, 1, 1, pad, gain, o.flip_filter);
  }
  y = resample(x, filter, o.up, 1, pad, gain, o.flip_filter);
  y = convolve(y, w, {}, 1, o.groups, o.flip_weight);
  return resample(y, filter, 1, o.down, {}, 1.0, o.flip_filter);
}

at::Tensor weight_power(const at::Tensor& w) { return w.square().sum({2, 3}); }
at::Tensor demodulation_of_power(const at::Tensor& power, const at::Tensor& styles) { return (at::matmul(styles.square(), power.t()) + 1e-8).rsqrt(); }
at::Tensor demodulation(const at::Tensor& w, const at::Tensor& styles) { return demodulation_of_power(weight_power(w), styles); }

at::Tensor modulated_conv2d(const at::Tensor& x, const at::Tensor& w, const at::Tensor& styles, const at::Tensor& noise,
                            const at::Tensor& filter, const ResampleConv& options, bool demodulate, bool fused) {
  const auto n = x.size(0), o = w.size(0), i = w.size(1);
  if (!fused) {
    at::Tensor y = resample_conv2d(x * styles.view({n, i, 1, 1}), w, filter, options);
    if (!demodulate) return noise.defined() ? y + noise : y;
    const at::Tensor d = demodulation(w, styles).view({n, o, 1, 1});
    return noise.defined() ? at::addcmul(noise, y, d) : y * d;
  }
  at::Tensor weight = w.unsqueeze(0) * styles.view({n, 1, i, 1, 1});
  if (demodulate) weight = weight * (weight.square().sum({2, 3, 4}, /*keepdim=*/true) + 1e-8).rsqrt();
  ResampleConv grouped = options;
  grouped.groups = n;
  at::Tensor y =
      resample_conv2d(x.reshape({1, n * i, x.size(2), x.size(3)}), weight.reshape({n * o, i, w.size(2), w.size(3)}), filter, grouped);
  y = y.reshape({n, o, y.size(2), y.size(3)});
  return noise.defined() ? y + noise : y;
}

}  // namespace orrery::nn
