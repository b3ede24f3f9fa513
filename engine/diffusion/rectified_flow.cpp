#include "engine/diffusion/rectified_flow.h"

namespace orrery::diffusion {

at::Tensor rectified_velocity(const GaussianMixture& data, const at::Tensor& x, double t) {
  if (t <= 0.0) return data.mean() - x;
  const at::Tensor scaled = x / t;
  return scaled + data.score(scaled, (1.0 - t) / t) * ((1.0 - t) / (t * t));
}

at::Tensor rectified_euler(const GaussianMixture& data, const at::Tensor& start, std::int64_t steps) {
  at::Tensor x = start;
  for (std::int64_t i = 0; i < steps; ++i) x = x + rectified_velocity(data, x, static_cast<double>(i) / static_cast<double>(steps)) / static_cast<double>(steps);
  return x;
}

}  // namespace orrery::diffusion
