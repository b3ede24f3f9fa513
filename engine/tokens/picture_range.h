// Bytes of pictures as networks take them.
#pragma once

#include <ATen/core/Tensor.h>

namespace orrery::tokens {

// uint8 [N, C, H, W] -> [-1, 1] in a floating type.
inline at::Tensor to_range(const at::Tensor& pictures, const at::TensorOptions& options) { return pictures.to(options).div_(127.5).sub_(1.0); }

}  // namespace orrery::tokens
