// affine_sample: bilinear sampling of a picture on an affine grid, zero outside. Equal to affine_grid + grid_sample (bilinear, zeros,
// align_corners = false) with the grid held constant; it is linear in the picture, so its derivative is its adjoint and it can be
// differentiated any number of times (which LibTorch's grid_sample cannot: no second derivative).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace orrery::kernels {

// x: [N, C, H, W] float32 or float64. theta: [N, 2, 3] float64 on the CPU, output to input in the normalised coordinates of affine_grid
// (-1 and 1 are the outer edges of the picture, x first). Returns [N, C, out_height, out_width].
at::Tensor affine_sample(const at::Tensor& x, const at::Tensor& theta, std::int64_t out_height, std::int64_t out_width);

}  // namespace orrery::kernels
