// The dispatch table entries of affine_sample, for the CUDA plug-in to fill.
#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/dispatch.h"

namespace orrery::kernels {

// x [N, C, H, W] or, of the adjoint, grad [N, C, OH, OW], contiguous; theta [N, 2, 3] float64 on the CPU; then the size of the result.
using AffineSample = at::Tensor(const at::Tensor& in, const at::Tensor& theta, const std::int64_t& height, const std::int64_t& width);
extern Op<AffineSample> affine_sample_op;
extern Op<AffineSample> affine_sample_adjoint_op;

}  // namespace orrery::kernels
