#include "engine/diffusion/discrete_steps.h"

#include <ATen/ops/quantile.h>

#include <algorithm>
#include <cmath>

namespace orrery::diffusion {

double sigma_of(double alpha_bar) { return std::sqrt((1.0 - alpha_bar) / alpha_bar); }
double alpha_bar_of(double sigma) { return 1.0 / (1.0 + sigma * sigma); }

at::Tensor x0_of(const at::Tensor& x, const at::Tensor& noise, double alpha_bar) { return (x - noise * std::sqrt(1.0 - alpha_bar)) / std::sqrt(alpha_bar); }
at::Tensor noise_of(const at::Tensor& x, const at::Tensor& x0, double alpha_bar) { return (x - x0 * std::sqrt(alpha_bar)) / std::sqrt(1.0 - alpha_bar); }
at::Tensor x0_of_v(const at::Tensor& x, const at::Tensor& v, double alpha_bar) { return x * std::sqrt(alpha_bar) - v * std::sqrt(1.0 - alpha_bar); }
at::Tensor noise_of_v(const at::Tensor& x, const at::Tensor& v, double alpha_bar) { return v * std::sqrt(alpha_bar) + x * std::sqrt(1.0 - alpha_bar); }

at::Tensor threshold_x0(const at::Tensor& x0, double quantile, double most) {
  const at::Tensor flat = x0.reshape({x0.size(0), -1});
  const at::Tensor bound = at::quantile(flat.abs(), quantile, 1, /*keepdim=*/true).clamp(1.0, most);
  return (at::minimum(at::maximum(flat, -bound), bound) / bound).view(x0.sizes());
}

Posterior posterior_between(double from, double to) {
  Posterior p;
  p.beta = 1.0 - from / to;
  p.variance = p.beta * (1.0 - to) / (1.0 - from);
  p.on_x0 = p.beta * std::sqrt(to) / (1.0 - from);
  p.on_x = (1.0 - to) * std::sqrt(from / to) / (1.0 - from);
  return p;
}

double ddim_deviation(double from, double to, double eta) { return eta == 0.0 ? 0.0 : eta * std::sqrt((1.0 - to) / (1.0 - from) * (1.0 - from / to)); }

at::Tensor ddim_step(const at::Tensor& x0, const at::Tensor& noise, double to, double deviation, const at::Tensor& fresh) {
  const at::Tensor x = x0 * std::sqrt(to) + noise * std::sqrt(std::max(1.0 - to - deviation * deviation, 0.0));
  return deviation > 0.0 ? x + fresh * deviation : x;
}

at::Tensor linear_multistep_noise(const std::vector<at::Tensor>& history) {
  const auto n = history.size();
  const auto back = [&](std::size_t k) { return history[n - 1 - k]; };
  switch (std::min<std::size_t>(n, 4)) {
    case 1: return back(0);
    case 2: return (back(0) * 3.0 - back(1)) / 2.0;
    case 3: return (back(0) * 23.0 - back(1) * 16.0 + back(2) * 5.0) / 12.0;
    default: return (back(0) * 55.0 - back(1) * 59.0 + back(2) * 37.0 - back(3) * 9.0) / 24.0;
  }
}

}  // namespace orrery::diffusion
