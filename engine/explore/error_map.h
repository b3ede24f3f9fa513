// How far a picture is from another, as heat.
#pragma once

#include <ATen/core/Tensor.h>

namespace orrery {

// of, from [N, C, H, W] in [-1, 1] -> the same shape, float: mean over the colours of |of - from| on the scale of engine/api/error_scale.h. Black, violet,
// red, orange, white, each lighter than the one before; grey where pictures have one channel.
at::Tensor error_map(const at::Tensor& of, const at::Tensor& from);

}  // namespace orrery
