// 3 x 3 convolution with padding 1 by Winograd's method, twice up and twice down included, and StyleGAN2's modulated layer in one pass.
//   same: y[n, o] = sum over i, k of w[o, i, k] x[n, i, . + k - 1]
//   up:   w [4 O, I, 3, 3]: the same at the input's resolution; channel group 2 a + b of the result is the pixels (2 row + a, 2 column + b).
//   down: w [O, 4 I, 3, 3]: the pixels (2 row + a, 2 column + b) of x are channel group 2 a + b of the input, at the output's resolution.
// A transposed convolution followed by the filter [1, 3, 3, 1] is `up`, that filter before a strided convolution is `down` (one kernel of
// 6 x 6 in four phases): the filter then costs nothing.
// Source: Lavin & Gray 2016, "Fast algorithms for convolutional neural networks"; Karras et al. 2020 (StyleGAN2), equations 1 and 3.
//
// float32 on the CPU: F(4 x 4, 3 x 3) with channels innermost; each result is a function of its own sample alone, in the same order of
// sums whatever the batch and the number of threads. float64, and other devices: LibTorch's convolutions.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "kernels/bias_act/bias_act.h"

namespace orrery::kernels {

enum class Conv3x3Form { same, up, down };

// Whether the method is worth its transforms for x [N, I, H, W] of this form: large enough maps and channels, float32, CPU. Depends on the
// shape of a single sample only.
bool conv3x3_pays(const at::Tensor& x, std::int64_t out_channels, Conv3x3Form form);

// x [N, C, H, W] (any layout; down: H and W even), w as above; float32 or float64, both alike. Returns channels-last.
// Differentiable any number of times in both.
at::Tensor conv3x3(const at::Tensor& x, const at::Tensor& w, Conv3x3Form form = Conv3x3Form::same);

// Weights ready for use: about four times their size.
struct Conv3x3Weights {
  at::Tensor packed;  // [36 or 9, in, out], in the order of the loops
  std::int64_t in = 0, out = 0;
};
// w float32 on the CPU, [out, in, 3, 3].
Conv3x3Weights conv3x3_weights(const at::Tensor& w);

// y = clamp(act(scale conv(x styles) + noise + bias) gain), no derivatives. styles [N, C in], scale [N, C out], noise [N or 1, 1, H, W] of the
// output or [H, W], bias [C out]: each may be undefined. act.activation: linear, relu or lrelu.
at::Tensor conv3x3_layer(const at::Tensor& x, const Conv3x3Weights& w, Conv3x3Form form, const at::Tensor& styles, const at::Tensor& scale, const at::Tensor& noise,
                         const at::Tensor& bias, const BiasAct& act);

// For maps too small for the method, no derivatives: the same convolution as 9 products of matrices, from w as it is.
Conv3x3Weights conv3x3_plain_weights(const at::Tensor& w);
// same: y as above. up: the transposed convolution [N, O, 2 H + 1, 2 W + 1] of x and w [O, I, 3, 3], not filtered yet:
// y[2 h + k] += w[k] x[h]. x [N, I, H, W] float32 on the CPU; styles as above. Returns channels-last.
at::Tensor conv3x3_plain(const at::Tensor& x, const Conv3x3Weights& w, Conv3x3Form form, const at::Tensor& styles);

// The kernels of `up` and `down` from w [O, I, 3, 3] (a correlation, as everywhere here) and the filter's taps [4, 4]:
// [4 O, I, 3, 3] with gain 4, and [O, 4 I, 3, 3]. Differentiable in w.
at::Tensor conv3x3_up_weights(const at::Tensor& w, const at::Tensor& filter);
at::Tensor conv3x3_down_weights(const at::Tensor& w, const at::Tensor& filter);

}  // namespace orrery::kernels
