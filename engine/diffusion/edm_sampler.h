// The sampler of Karras et al. 2022 (EDM), algorithms 1 to 3: an ODE solver of first or second order with churn, over any choice of time
// steps, schedule sigma(t) and scaling s(t) of its table 1.
#pragma once

#include <limits>
#include <string>
#include <vector>

#include "engine/diffusion/noise_schedules.h"
#include "engine/diffusion/sampling.h"

namespace orrery::diffusion {

enum class Grid { edm, vp, ve, iddpm };    // how noise levels are spread
enum class TimeSchedule { linear, vp, ve };  // sigma = t; sqrt(exp(beta_d t^2/2 + beta_min t) - 1); sqrt(t)
enum class Scaling { none, vp };             // s = 1; 1 / sqrt(1 + sigma^2)
// Throw std::invalid_argument.
Grid grid_from_name(const std::string& name);
TimeSchedule time_schedule_from_name(const std::string& name);
Scaling scaling_from_name(const std::string& name);

struct LadderOptions {
  std::int64_t steps = 18;
  double sigma_min = 0.002, sigma_max = 80.0;
  Grid grid = Grid::edm;
  double rho = 7.0;                // edm: equation 5
  double vp_time_min = 1e-3;       // vp: time of sigma_min
  IddpmLadder iddpm{};
};
// `steps` falling noise levels from sigma_max to sigma_min, without the final 0. Throws std::invalid_argument for steps < 1, sigma_min <= 0 or
// sigma_max <= sigma_min, and where the iDDPM ladder has no entry in the range.
std::vector<double> noise_ladder(const LadderOptions& options);

struct EdmSamplerOptions {
  std::vector<double> ladder;     // falling noise levels; a step to 0 is added
  TimeSchedule schedule = TimeSchedule::linear;
  Scaling scaling = Scaling::none;
  VpSchedule vp{};                // of schedule vp
  bool second_order = true;       // Heun, or with alpha other than 1 the family of equation in algorithm 3; the step to 0 is always Euler's
  double alpha = 1.0;             // 1: Heun, 1/2: midpoint, 2/3: Ralston
  double churn = 0.0;             // S_churn: noise added back, over all steps
  double churn_min = 0.0, churn_max = std::numeric_limits<double>::infinity();  // S_min, S_max: where
  double churn_noise = 1.0;       // S_noise: inflation of the added noise
  std::function<double(double)> round_sigma;  // of networks with a ladder of their own; empty: none
  at::Tensor state{};             // goes on from here instead of from latents, in the coordinates x0 + sigma noise, at span.first
  Span span{};
  std::int64_t churn_steps = 0;   // N of S_churn / N; 0: the ladder's length
};

// latents [N, ...] standard normal of any floating type -> samples in float64, the state's type all the way. Draw i of `noise` is used in step
// i and only where churn acts. Undefined when the observer cancelled. Network evaluations: 2 steps - 1 of second order, else `steps`.
at::Tensor edm_sample(const Denoise& denoise, const at::Tensor& latents, const EdmSamplerOptions& options, const NoiseSource& noise = {},
                      SampleObserver* observer = nullptr);

// sigma(t), t(sigma) and s(t) of a choice.
struct TimeAxis {
  TimeSchedule schedule = TimeSchedule::linear;
  Scaling scaling = Scaling::none;
  VpSchedule vp{};
  double sigma(double t) const;
  double sigma_slope(double t) const;
  double time(double sigma) const;
  double scale(double t) const;
  double scale_slope(double t) const;
};

}  // namespace orrery::diffusion
