// Noise levels as functions of time, and back. Source: Karras et al. 2022 (EDM), table 1; Song et al. 2021 (VP, VE); Nichol & Dhariwal 2021.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace orrery::diffusion {

// Variance preserving: sigma(t) = sqrt(exp(beta_d t^2 / 2 + beta_min t) - 1), t in (0, 1].
struct VpSchedule {
  double beta_d = 19.9;
  double beta_min = 0.1;

  double sigma(double t) const;
  double sigma_slope(double t) const;  // d sigma / d t
  double time(double sigma) const;     // the inverse
  at::Tensor sigma(const at::Tensor& t) const;     // in the type of t
  at::Tensor time(const at::Tensor& sigma) const;  // in the type of sigma
  // The schedule that goes through (time_min, sigma_min) and (1, sigma_max). Throws std::invalid_argument where it would not rise all the way.
  static VpSchedule through(double sigma_min, double sigma_max, double time_min);
};

// The ladder of iDDPM: u_M = 0, u_{j-1} = sqrt((u_j^2 + 1) / max(abar_{j-1} / abar_j, c_1) - 1), abar_j = sin^2(pi/2 j / (M (c_2 + 1))).
struct IddpmLadder {
  double c_1 = 0.001;
  double c_2 = 0.008;
  std::int64_t steps = 1000;  // M

  at::Tensor alpha_bar(at::ScalarType type = at::kDouble) const;  // [M + 1]
  // u_0 ... u_M, falling. The published sampler takes the ratios in float32 and the recursion in float64; `recursion` says its type.
  at::Tensor u(at::ScalarType ratios, at::ScalarType recursion) const;
};
// Index of the entry nearest to each sigma, int64 of the shape of sigma; ties go to the lower index.
at::Tensor nearest_index(const at::Tensor& ladder, const at::Tensor& sigma);

}  // namespace orrery::diffusion
