// Noise levels and weights that denoisers are trained with: weight (D(y + n; sigma) - y)^2, n ~ N(0, sigma^2) (Karras et al. 2022, EDM, equation 2
// and table 1).
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "engine/diffusion/noise_schedules.h"

namespace orrery::diffusion {

enum class NoiseLaw { edm, vp, ve };
// Throws std::invalid_argument.
NoiseLaw noise_law_from_name(const std::string& name);

struct NoiseLawOptions {
  NoiseLaw law = NoiseLaw::edm;
  double p_mean = -1.2, p_std = 1.2;  // edm: ln sigma ~ N(p_mean, p_std^2), weight (sigma^2 + sigma_data^2) / (sigma sigma_data)^2
  double sigma_data = 0.5;
  VpSchedule vp{};                    // vp: sigma(t), t uniform in [vp_time_min, 1], weight 1 / sigma^2
  double vp_time_min = 1e-5;
  double sigma_min = 0.02, sigma_max = 100.0;  // ve: ln sigma uniform, weight 1 / sigma^2

  // Whether the raw draw is standard normal (edm) or uniform in [0, 1).
  bool draws_normal() const { return law == NoiseLaw::edm; }
  at::Tensor sigma(const at::Tensor& draw) const;
  at::Tensor weight(const at::Tensor& sigma) const;
};

}  // namespace orrery::diffusion
