// The dispatch table entries of affine_sample, for the CUDA plug-in to fill.
#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/dispatch.h"

namespace orrery::kernels {

using AffineSampleFunction = void(const at::Tensor& in, const at::Tensor& theta, at::Tensor& out);
extern Op<AffineSampleFunction> affine_sample_op;
extern Op<AffineSampleFunction> affine_sample_adjoint_op;

}  // namespace orrery::kernels
