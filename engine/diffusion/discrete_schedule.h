// The diffusion process in discrete time: x_t = sqrt(abar_t) x0 + sqrt(1 - abar_t) noise, t = 0 ... T - 1, and every table that follows
// from its betas. Ho et al. 2020 (DDPM), equations 4 to 7. Tables are float64 and are rounded to a tensor's type when they meet one.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace orrery::diffusion {

struct DiscreteSchedule {
  // At least two betas in (0, 1]. Throws Error(wrong_use).
  explicit DiscreteSchedule(const std::vector<double>& betas);

  // All [T], float64.
  at::Tensor betas;
  at::Tensor alpha_bars;                      // abar_t
  at::Tensor alpha_bars_prev;                 // abar_{t-1}, 1 at t = 0
  at::Tensor sqrt_alpha_bars, sqrt_one_minus_alpha_bars, log_one_minus_alpha_bars;
  at::Tensor sqrt_recip_alpha_bars;           // 1 / sqrt(abar)
  at::Tensor sqrt_recipm1_alpha_bars;         // sqrt(1 / abar - 1): the noise level sigma of x / sqrt(abar)
  at::Tensor posterior_variance;              // of q(x_{t-1} | x_t, x0)
  at::Tensor posterior_log_variance_clipped;  // "fixedsmall": entry 0 repeats entry 1, whose variance is not zero
  at::Tensor posterior_mean_x0, posterior_mean_xt;  // the mean's coefficients
  at::Tensor log_variance_large;              // "fixedlarge": log beta, entry 0 that of the posterior's entry 1

  std::int64_t steps() const { return betas.size(0); }
};

// With the signal powers of programs that multiply float32 betas in float32 (Song et al. 2021, DDIM), and what follows from them.
DiscreteSchedule float32_schedule(const std::vector<double>& betas);

// table[t] shaped for a product with `like` [N, ...]: [N, 1, ...] in its type, on its device. t int64 [N].
at::Tensor gather(const at::Tensor& table, const at::Tensor& t, const at::Tensor& like);

// x_t of x0 and noise. t [N].
at::Tensor q_sample(const DiscreteSchedule& schedule, const at::Tensor& x0, const at::Tensor& t, const at::Tensor& noise);
// x_{t+1} of x_t: one step of the forward process, with the beta of the step.
at::Tensor diffuse_step(const at::Tensor& x, double beta, const at::Tensor& noise);
// x0 of x_t and the noise in it.
at::Tensor x0_of_noise(const DiscreteSchedule& schedule, const at::Tensor& x_t, const at::Tensor& t, const at::Tensor& noise);
// The mean of q(x_{t-1} | x_t, x0).
at::Tensor posterior_mean(const DiscreteSchedule& schedule, const at::Tensor& x0, const at::Tensor& x_t, const at::Tensor& t);

// The process on some of the timesteps only: betas whose cumulative products are those of `alpha_bars` at `timesteps` (Nichol & Dhariwal
// 2021, equation 19).
std::vector<double> respaced_betas(const std::vector<double>& alpha_bars, const std::vector<std::int64_t>& timesteps);

}  // namespace orrery::diffusion
