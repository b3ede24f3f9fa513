// Convolution with built-in low-pass resampling, and its style-modulated form.
// Source: Karras et al. 2019, 2020 (StyleGAN, StyleGAN2 section 2.2 and appendix B).
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <optional>

#include "kernels/conv3x3/conv3x3.h"

namespace orrery::nn {

struct ResampleConv {
  std::int64_t up = 1;
  std::int64_t down = 1;
  std::array<std::int64_t, 4> padding{0, 0, 0, 0};  // x0, x1, y0, y1 of the up-sampled picture; the filter's own padding is added
  std::int64_t groups = 1;
  bool flip_weight = true;   // true: correlation (an ordinary conv2d); false: true convolution (flipped kernel)
  bool flip_filter = false;  // as kernels::UpFirDn
};

// x [N, I, H, W], w [O, I/groups, kh, kw], filter [fh, fw], [f] or undefined:
//   insert up-1 zeros, pad, filter (gain up^2, where up > 1), convolve with w, filter and keep every down-th pixel (where down > 1).
// float32 or float64; differentiable any number of times. The cheapest equal order of the steps is taken.
at::Tensor resample_conv2d(const at::Tensor& x, const at::Tensor& w, const at::Tensor& filter, const ResampleConv& options);

// Whether a filter is [4, 4], as resampling in kernels::conv3x3 takes it.
bool conv3x3_has_form(const at::Tensor& filter);
// The form in which kernels::conv3x3 does this work, filter included, or nothing where it does not pay. x as above, w [O, I, k, k].
std::optional<kernels::Conv3x3Form> conv3x3_form(const at::Tensor& x, std::int64_t out_channels, std::int64_t kernel, const at::Tensor& filter, const ResampleConv& options);
// The weights it then takes. Differentiable in w.
at::Tensor conv3x3_kernel(const at::Tensor& w, const at::Tensor& filter, kernels::Conv3x3Form form, const ResampleConv& options);

// Weight modulation (StyleGAN2 equations 1 and 3): w'[n,o,i] = w[o,i] styles[n,i], then, if `demodulate`, w' divided by
// sqrt(sum over (i, k) of w'^2 + 1e-8). styles [N, I]; noise (undefined: none) is added to the result, broadcast over channels.
// Un-fused: styles scale the input, demodulation the output. Fused: one convolution with N groups. Equal up to rounding.
at::Tensor modulated_conv2d(const at::Tensor& x, const at::Tensor& w, const at::Tensor& styles, const at::Tensor& noise,
                            const at::Tensor& filter, const ResampleConv& options, bool demodulate = true, bool fused = false);

// 1 / sqrt(sum over (i, k) of (w[o,i] styles[n,i])^2 + 1e-8): [N, O]. The second from weight_power(w): sum over k of w^2, [O, I].
at::Tensor demodulation(const at::Tensor& w, const at::Tensor& styles);
at::Tensor weight_power(const at::Tensor& w);
at::Tensor demodulation_of_power(const at::Tensor& power, const at::Tensor& styles);

}  // namespace orrery::nn
