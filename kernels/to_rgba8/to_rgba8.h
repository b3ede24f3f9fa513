// to_rgba8: a picture in [-1, 1] becomes RGBA8, one pass. v = floor(clamp(x * 127.5 + 127.5, 0, 255) + 0.5) in float32, each step
// rounded, so that every device gives the same bytes; NaN gives 0.
#pragma once

#include <ATen/core/Tensor.h>

namespace orrery::kernels {

// x: [C, H, W] with C = 1 (grey), 3 or 4 (alpha too, in [-1, 1]), float32, any strides. Returns uint8 [H, W, 4], contiguous.
at::Tensor to_rgba8(const at::Tensor& x);

}  // namespace orrery::kernels
