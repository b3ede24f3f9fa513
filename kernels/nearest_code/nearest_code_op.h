// The dispatch table entry of nearest_code, for the CUDA plug-in to fill.
#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/dispatch.h"

namespace orrery::kernels {

// x [M, D] and codebook [K, D], contiguous, of one type; K > 0.
using NearestCode = at::Tensor(const at::Tensor& x, const at::Tensor& codebook);
extern Op<NearestCode> nearest_code_op;

}  // namespace orrery::kernels
