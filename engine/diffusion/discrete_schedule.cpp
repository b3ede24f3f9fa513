#include "engine/diffusion/discrete_schedule.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/cumprod.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>

#include <cmath>

#include "engine/api/result.h"
#include "engine/diffusion/beta_schedule.h"

namespace orrery::diffusion {

DiscreteSchedule::DiscreteSchedule(const std::vector<double>& given) {
  const auto count = static_cast<std::int64_t>(given.size());
  if (count < 2) throw Error(ErrorCode::wrong_use, "A diffusion process in discrete time needs at least two steps.");
  for (const double beta : given)
    if (!(beta > 0.0 && beta <= 1.0)) throw Error(ErrorCode::wrong_use, "A diffusion process has a step with beta outside 0 to 1.");
  betas = at::tensor(given, at::kDouble);
  alpha_bars = at::cumprod(1.0 - betas, 0);
  alpha_bars_prev = at::cat({at::ones({1}, at::kDouble), alpha_bars.narrow(0, 0, count - 1)});
  sqrt_alpha_bars = alpha_bars.sqrt();
  sqrt_one_minus_alpha_bars = (1.0 - alpha_bars).sqrt();
  log_one_minus_alpha_bars = (1.0 - alpha_bars).log();
  sqrt_recip_alpha_bars = alpha_bars.reciprocal().sqrt();
  sqrt_recipm1_alpha_bars = (alpha_bars.reciprocal() - 1.0).sqrt();
  posterior_variance = betas * (1.0 - alpha_bars_prev) / (1.0 - alpha_bars);
  const at::Tensor first = posterior_variance.narrow(0, 1, 1);
  posterior_log_variance_clipped = at::cat({first, posterior_variance.narrow(0, 1, count - 1)}).log();
  posterior_mean_x0 = betas * alpha_bars_prev.sqrt() / (1.0 - alpha_bars);
  posterior_mean_xt = (1.0 - alpha_bars_prev) * (1.0 - betas).sqrt() / (1.0 - alpha_bars);
  log_variance_large = at::cat({first, betas.narrow(0, 1, count - 1)}).log();
}

DiscreteSchedule float32_schedule(const std::vector<double>& betas) {
  std::vector<std::int64_t> all;
  for (std::size_t t = 0; t < betas.size(); ++t) all.push_back(static_cast<std::int64_t>(t));
  return DiscreteSchedule(respaced_betas(cumulative_alphas_float32(betas), all));
}

at::Tensor gather(const at::Tensor& table, const at::Tensor& t, const at::Tensor& like) {
  std::vector<std::int64_t> shape(static_cast<std::size_t>(like.dim()), 1);
  shape[0] = t.size(0);
  return table.to(t.device()).index_select(0, t).to(like.options().requires_grad(false)).view(shape);
}

at::Tensor q_sample(const DiscreteSchedule& schedule, const at::Tensor& x0, const at::Tensor& t, const at::Tensor& noise) {
  return gather(schedule.sqrt_alpha_bars, t, x0) * x0 + gather(schedule.sqrt_one_minus_alpha_bars, t, x0) * noise;
}

at::Tensor diffuse_step(const at::Tensor& x, double beta, const at::Tensor& noise) { return x * std::sqrt(1.0 - beta) + noise * std::sqrt(beta); }

at::Tensor x0_of_noise(const DiscreteSchedule& schedule, const at::Tensor& x_t, const at::Tensor& t, const at::Tensor& noise) {
  return gather(schedule.sqrt_recip_alpha_bars, t, x_t) * x_t - gather(schedule.sqrt_recipm1_alpha_bars, t, x_t) * noise;
}

at::Tensor posterior_mean(const DiscreteSchedule& schedule, const at::Tensor& x0, const at::Tensor& x_t, const at::Tensor& t) {
  return gather(schedule.posterior_mean_x0, t, x_t) * x0 + gather(schedule.posterior_mean_xt, t, x_t) * x_t;
}

std::vector<double> respaced_betas(const std::vector<double>& alpha_bars, const std::vector<std::int64_t>& timesteps) {
  std::vector<double> betas;
  double before = 1.0;
  for (const auto t : timesteps) {
    const double now = alpha_bars.at(static_cast<std::size_t>(t));
    betas.push_back(1.0 - now / before);
    before = now;
  }
  return betas;
}

}  // namespace orrery::diffusion
