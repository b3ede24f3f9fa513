// Rectified flow between standard normal noise (t = 0) and data (t = 1), x_t = t x1 + (1 - t) x0 with independent ends (Liu et al. 2023):
// the exact velocity for data that is a mixture of Gaussians.
#pragma once

#include "engine/diffusion/gaussian_mixture.h"

namespace orrery::diffusion {

// E[x1 - x0 | x_t = x] [N, D] float64; t in [0, 1].
at::Tensor rectified_velocity(const GaussianMixture& data, const at::Tensor& x, double t);
// N equal Euler steps from t = 0 to 1.
at::Tensor rectified_euler(const GaussianMixture& data, const at::Tensor& x, std::int64_t steps);

}  // namespace orrery::diffusion
