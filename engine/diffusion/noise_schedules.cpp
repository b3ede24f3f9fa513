#include "engine/diffusion/noise_schedules.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace orrery::diffusion {

double VpSchedule::sigma(double t) const { return std::sqrt(std::exp(0.5 * beta_d * t * t + beta_min * t) - 1.0); }

double VpSchedule::sigma_slope(double t) const {
  const double s = sigma(t);
  return 0.5 * (beta_min + beta_d * t) * (s + 1.0 / s);
}

double VpSchedule::time(double sigma) const {
  return (std::sqrt(beta_min * beta_min + 2.0 * beta_d * std::log(1.0 + sigma * sigma)) - beta_min) / beta_d;
}

at::Tensor VpSchedule::sigma(const at::Tensor& t) const { return ((t.square() * (0.5 * beta_d) + t * beta_min).exp() - 1).sqrt(); }

at::Tensor VpSchedule::time(const at::Tensor& sigma) const {
  return (((sigma.square() + 1).log() * (2.0 * beta_d) + beta_min * beta_min).sqrt() - beta_min) / beta_d;
}

VpSchedule VpSchedule::through(double sigma_min, double sigma_max, double time_min) {
  VpSchedule s;
  s.beta_d = 2.0 * (std::log(sigma_min * sigma_min + 1.0) / time_min - std::log(sigma_max * sigma_max + 1.0)) / (time_min - 1.0);
  s.beta_min = std::log(sigma_max * sigma_max + 1.0) - 0.5 * s.beta_d;
  // beta may be negative before time_min, where no noise level is asked for; from there on it must be positive.
  if (!(s.beta_min + s.beta_d * time_min > 0.0) || !(s.beta_min + s.beta_d > 0.0))
    throw std::invalid_argument("no variance-preserving schedule rises from this sigma_min to this sigma_max; make sigma_min smaller");
  return s;
}

at::Tensor IddpmLadder::alpha_bar(at::ScalarType type) const {
  const at::Tensor j = at::arange(steps + 1, type);
  return (j * (0.5 * M_PI) / static_cast<double>(steps) / (c_2 + 1.0)).sin().square();
}

at::Tensor IddpmLadder::u(at::ScalarType ratios, at::ScalarType recursion) const {
  const at::Tensor bar = alpha_bar(ratios);
  const at::Tensor ratio = (bar.narrow(0, 0, steps) / bar.narrow(0, 1, steps)).clamp_min(c_1).to(at::kDouble).contiguous();
  const double* r = ratio.const_data_ptr<double>();
  const at::Tensor u = at::zeros({steps + 1}, at::kDouble);
  double* out = u.mutable_data_ptr<double>();
  for (std::int64_t j = steps; j > 0; --j) {
    if (recursion == at::kFloat) {
      const float before = static_cast<float>(out[j]);
      out[j - 1] = std::sqrt((before * before + 1.0f) / static_cast<float>(r[j - 1]) - 1.0f);
    } else {
      out[j - 1] = std::sqrt((out[j] * out[j] + 1.0) / r[j - 1] - 1.0);
    }
  }
  return u.to(recursion);
}

at::Tensor nearest_index(const at::Tensor& ladder, const at::Tensor& sigma) {
  const at::Tensor wanted = sigma.detach().to(at::kDouble).reshape({-1, 1}), known = ladder.detach().to(wanted.options()).reshape({1, -1});
  return (wanted - known).abs().argmin(1).reshape(sigma.sizes());
}

}  // namespace orrery::diffusion
