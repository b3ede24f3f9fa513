// The CPU side of affine_sample and of its adjoint.
#pragma once

#include <ATen/core/Tensor.h>

namespace orrery::kernels {

// Samples of x [N, C, H, W], contiguous: [N, C, height, width].
at::Tensor affine_sample_cpu(const at::Tensor& x, const at::Tensor& theta, const std::int64_t& height, const std::int64_t& width);
// The adjoint of sampling a picture of [height, width], applied to grad [N, C, OH, OW], contiguous: [N, C, height, width].
at::Tensor affine_sample_adjoint_cpu(const at::Tensor& grad, const at::Tensor& theta, const std::int64_t& height, const std::int64_t& width);

}  // namespace orrery::kernels
