// The CPU side of affine_sample and of its adjoint: raw loops.
#pragma once

#include <ATen/core/Tensor.h>

namespace orrery::kernels {

// out [N, C, OH, OW] = samples of x [N, C, H, W]; both contiguous, of one type.
void affine_sample_cpu(const at::Tensor& x, const at::Tensor& theta, at::Tensor& out);
// grad_x [N, C, H, W] (zeroed by the caller) += the adjoint applied to grad [N, C, OH, OW].
void affine_sample_adjoint_cpu(const at::Tensor& grad, const at::Tensor& theta, at::Tensor& grad_x);

}  // namespace orrery::kernels
