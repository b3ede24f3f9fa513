// upfirdn2d: zero-insertion upsampling, padding, FIR filtering and decimation in one pass.
//   z = insert up-1 zeros after each pixel; pad (negative pads crop); correlate with the flipped filter (a true convolution; with
//   flip_filter a correlation); keep every down-th pixel; times gain.
// Source: Karras et al. 2019-2021 (StyleGAN2/3), after Matlab's upfirdn.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace orrery::kernels {

struct UpFirDn {
  std::int64_t up_x = 1, up_y = 1;
  std::int64_t down_x = 1, down_y = 1;
  std::array<std::int64_t, 4> padding{0, 0, 0, 0};  // x0, x1, y0, y1 of the upsampled picture; may be negative
  bool flip_filter = false;
  double gain = 1.0;
};

// x: [N, C, H, W] float32 or float64; filter: [fh, fw], or [f] (separable: the outer product), float32, or undefined (identity).
// Returns [N, C, (H*up_y + y0 + y1 - fh) / down_y + 1, ...]. Differentiable any number of times in x.
at::Tensor upfirdn2d(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& options);

// A filter from its taps: 1-D taps give the outer product unless `separable`; normalised to sum 1. float32.
// `gain` is per picture, so a 1-D filter, used twice, carries its square root.
at::Tensor setup_filter(const at::Tensor& taps, bool normalise = true, bool flip = false, double gain = 1.0);  // [f] (stays separable) or [fh, fw]
at::Tensor setup_filter(at::ArrayRef<double> taps, bool normalise = true, bool flip = false, double gain = 1.0, bool separable = false);

// The three usual forms, padded so that sizes are exact multiples ([1,3,3,1] keeps pictures centred).
at::Tensor upsample2d(const at::Tensor& x, const at::Tensor& filter, std::int64_t up = 2, double gain = 1.0);
at::Tensor downsample2d(const at::Tensor& x, const at::Tensor& filter, std::int64_t down = 2, double gain = 1.0);
at::Tensor filter2d(const at::Tensor& x, const at::Tensor& filter, double gain = 1.0);

}  // namespace orrery::kernels
