#include "engine/diffusion/vlb.h"

#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>

#include <cmath>

namespace orrery::diffusion {
namespace {

at::Tensor bits(const at::Tensor& nats) { return nats.flatten(1).mean(1) / std::log(2.0); }

at::Tensor normal_cdf(const at::Tensor& x) { return ((x + x.pow(3) * 0.044715) * std::sqrt(2.0 / M_PI)).tanh().add(1.0).mul(0.5); }

}  // namespace

at::Tensor normal_kl(const at::Tensor& mean_a, const at::Tensor& log_a, const at::Tensor& mean_b, const at::Tensor& log_b) {
  // The published order of the sum: where both are nearly the same it cancels, and float32 shows the order.
  return (log_b - 1.0 - log_a + (log_a - log_b).exp() + (mean_a - mean_b).square() * log_b.neg().exp()) * 0.5;
}

at::Tensor discretised_gaussian_log_likelihood(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& log_scale) {
  const at::Tensor centred = x - mean, inverse = log_scale.neg().exp();
  const at::Tensor upper = normal_cdf(inverse * (centred + 1.0 / 255.0)), lower = normal_cdf(inverse * (centred - 1.0 / 255.0));
  const auto safe_log = [](const at::Tensor& p) { return p.clamp_min(1e-12).log(); };
  return at::where(x < -0.999, safe_log(upper), at::where(x > 0.999, safe_log(1.0 - lower), safe_log(upper - lower)));
}

at::Tensor fixed_log_variance(const DiscreteSchedule& schedule, FixedVariance variance, const at::Tensor& t, const at::Tensor& like) {
  return gather(variance == FixedVariance::large ? schedule.log_variance_large : schedule.posterior_log_variance_clipped, t, like);
}

at::Tensor learned_log_variance(const DiscreteSchedule& schedule, const at::Tensor& v, const at::Tensor& t) {
  const at::Tensor part = (v + 1.0) / 2.0;
  return part * gather(schedule.betas.log(), t, v) + (1.0 - part) * gather(schedule.posterior_log_variance_clipped, t, v);
}

at::Tensor bound_term(const DiscreteSchedule& schedule, const at::Tensor& x0, const at::Tensor& x_t, const at::Tensor& t, const at::Tensor& mean, const at::Tensor& log_variance) {
  const at::Tensor true_mean = posterior_mean(schedule, x0, x_t, t), true_log_variance = gather(schedule.posterior_log_variance_clipped, t, x_t);
  const at::Tensor divergence = bits(normal_kl(true_mean, true_log_variance, mean, log_variance));
  const at::Tensor decoder = bits(discretised_gaussian_log_likelihood(x0, mean, log_variance * 0.5)).neg();
  return at::where(t.eq(0), decoder, divergence);
}

at::Tensor prior_term(const DiscreteSchedule& schedule, const at::Tensor& x0) {
  const at::Tensor last = at::full({x0.size(0)}, schedule.steps() - 1, x0.options().dtype(at::kLong));
  const at::Tensor zero = at::zeros({}, x0.options());
  return bits(normal_kl(gather(schedule.sqrt_alpha_bars, last, x0) * x0, gather(schedule.log_one_minus_alpha_bars, last, x0), zero, zero));
}

Bound variational_bound(const DiscreteSchedule& schedule, const std::function<at::Tensor(const at::Tensor&, const at::Tensor&)>& predict_noise, const at::Tensor& x0,
                        FixedVariance variance, const std::function<at::Tensor(std::int64_t)>& noise, const std::function<bool()>& cancelled) {
  Bound bound;
  std::vector<at::Tensor> terms(static_cast<std::size_t>(schedule.steps())), errors(terms.size());
  for (std::int64_t i = schedule.steps() - 1; i >= 0; --i) {
    if (cancelled && cancelled()) return {};
    const at::Tensor t = at::full({x0.size(0)}, i, x0.options().dtype(at::kLong));
    const at::Tensor x_t = q_sample(schedule, x0, t, noise(i));
    const at::Tensor predicted = x0_of_noise(schedule, x_t, t, predict_noise(x_t, t)).clamp(-1.0, 1.0);
    const auto k = static_cast<std::size_t>(i);
    terms[k] = bound_term(schedule, x0, x_t, t, posterior_mean(schedule, predicted, x_t, t), fixed_log_variance(schedule, variance, t, x_t));
    errors[k] = (predicted - x0).square().flatten(1).mean(1);
  }
  bound.terms = at::stack(terms, 1);
  bound.mse = at::stack(errors, 1);
  bound.prior = prior_term(schedule, x0);
  bound.total = bound.terms.sum(1) + bound.prior;
  return bound;
}

}  // namespace orrery::diffusion
