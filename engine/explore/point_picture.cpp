#include "engine/explore/point_picture.h"

#include <ATen/ops/ones.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <cmath>

namespace orrery {

at::Tensor point_picture(const at::Tensor& points, std::int64_t side) {
  const at::Tensor at = points.detach().to(at::kCPU, at::kDouble).contiguous();
  const std::int64_t count = at.size(0), stride = at.size(1);
  const double* p = at.const_data_ptr<double>();
  const at::Tensor ink = at::zeros({side, side}, at::kFloat);
  float* out = ink.mutable_data_ptr<float>();
  const double scale = static_cast<double>(side) / (2.0 * kPointReach);
  const float strength = 0.9f;
  for (std::int64_t i = 0; i < count; ++i) {
    const double x = (p[i * stride] + kPointReach) * scale - 0.5, y = (kPointReach - (stride > 1 ? p[i * stride + 1] : 0.0)) * scale - 0.5;
    if (!(x > -2.0 && x < static_cast<double>(side) + 1.0 && y > -2.0 && y < static_cast<double>(side) + 1.0)) continue;
    const auto left = static_cast<std::int64_t>(std::floor(x)), top = static_cast<std::int64_t>(std::floor(y));
    for (std::int64_t v = top - 1; v <= top + 2; ++v) {
      for (std::int64_t u = left - 1; u <= left + 2; ++u) {
        if (u < 0 || v < 0 || u >= side || v >= side) continue;
        const double dx = static_cast<double>(u) - x, dy = static_cast<double>(v) - y;
        out[v * side + u] += strength * static_cast<float>(std::exp(-(dx * dx + dy * dy)));
      }
    }
  }
  const at::Tensor dark = 1.0 - ink.neg().exp();  // from 0 (paper) to 1 (full ink)
  return at::stack({1.0 - dark * 1.75, 1.0 - dark * 1.55, 1.0 - dark * 1.2}).unsqueeze(0).clamp(-1.0, 1.0);
}

}  // namespace orrery
