// The variational bound of the discrete process in bits per dimension. Ho et al. 2020 (DDPM), equation 5 and section 3.3; Nichol & Dhariwal 2021,
// equations 4 to 7.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "engine/diffusion/ancestral.h"
#include "engine/diffusion/discrete_schedule.h"

namespace orrery::diffusion {

// KL(N(mean_a, e^log_a) || N(mean_b, e^log_b)) per element, in nats. All broadcast.
at::Tensor normal_kl(const at::Tensor& mean_a, const at::Tensor& log_variance_a, const at::Tensor& mean_b, const at::Tensor& log_variance_b);
// log P(x) per element, in nats, of 8-bit data at levels of [-1, 1] under a Gaussian cut into bins of width 2/255 with open ends; the normal
// distribution function by its tanh approximation, probabilities at least 1e-12.
at::Tensor discretised_gaussian_log_likelihood(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& log_scale);

// The log variance of p(x_{t-1} | x_t) [N, 1, ...] in the type of `like`.
at::Tensor fixed_log_variance(const DiscreteSchedule& schedule, FixedVariance variance, const at::Tensor& t, const at::Tensor& like);
// v in [-1, 1] from the clipped posterior's to beta's (Nichol & Dhariwal 2021, equation 15).
at::Tensor learned_log_variance(const DiscreteSchedule& schedule, const at::Tensor& v, const at::Tensor& t);

// One term [N] in bits per dimension: the divergence between q(x_{t-1} | x_t, x0) and p, or at t = 0 the negative log likelihood of x0.
at::Tensor bound_term(const DiscreteSchedule& schedule, const at::Tensor& x0, const at::Tensor& x_t, const at::Tensor& t, const at::Tensor& mean, const at::Tensor& log_variance);
// KL(q(x_T | x0) || N(0, I)) [N] in bits per dimension.
at::Tensor prior_term(const DiscreteSchedule& schedule, const at::Tensor& x0);

struct Bound {
  at::Tensor total;  // [N]: terms and prior
  at::Tensor terms;  // [N, T], t rising
  at::Tensor prior;  // [N]
  at::Tensor mse;    // [N, T]: of the predicted x0
};
// The whole bound with one draw per timestep. predict_noise(x_t, t [N] int64) -> like x_t; noise(t) like x0. x0 predictions are clipped to [-1, 1].
// Undefined total when `cancelled` said so.
Bound variational_bound(const DiscreteSchedule& schedule, const std::function<at::Tensor(const at::Tensor& x_t, const at::Tensor& t)>& predict_noise, const at::Tensor& x0,
                        FixedVariance variance, const std::function<at::Tensor(std::int64_t t)>& noise, const std::function<bool()>& cancelled = {});

}  // namespace orrery::diffusion
