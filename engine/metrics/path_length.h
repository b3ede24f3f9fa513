// Perceptual path length (Karras et al. 2019, section 4.1): how fast pictures change along short latent steps.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace orrery::metrics {

struct PathLength {
  double mean = 0.0;
  double deviation = 0.0;  // population standard deviation of what was kept
  double low = 0.0;        // the smallest and largest distance kept: percentile 1, rounded down to a sample, and 99, rounded up
  double high = 0.0;
  std::int64_t kept = 0;
};
// Distances [N]: squared perceptual distances divided by epsilon^2. Outliers below `low` and above `high` are dropped, then averaged.
PathLength trimmed_path_length(const at::Tensor& distances);

// a + (b - a) t; t a number or [N, 1].
at::Tensor lerp(const at::Tensor& a, const at::Tensor& b, const at::Tensor& t);
// On the unit sphere: both ends and the result have unit length (the path length in z). Rows are points.
at::Tensor slerp_on_sphere(const at::Tensor& a, const at::Tensor& b, const at::Tensor& t);
// Shoemake's formula by the angle between the ends, keeping their lengths: sin((1 - t) w) / sin(w) a + sin(t w) / sin(w) b; where the ends
// are (anti)parallel, lerp.
at::Tensor slerp(const at::Tensor& a, const at::Tensor& b, const at::Tensor& t);

}  // namespace orrery::metrics
