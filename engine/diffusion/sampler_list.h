// The samplers a person can choose from, by name.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/diffusion/ancestral.h"
#include "engine/diffusion/edm_sampler.h"

namespace orrery::diffusion {

// Every sampler's settings; each takes what it knows.
struct SamplerSettings {
  LadderOptions ladder{};
  TimeSchedule schedule = TimeSchedule::linear;
  Scaling scaling = Scaling::none;
  double churn = 0.0, churn_min = 0.0, churn_max = std::numeric_limits<double>::infinity(), churn_noise = 1.0;
  std::function<double(double)> round_sigma;
  // Of networks in discrete time: their noise levels, rising, and how the sampler takes its steps from them ("uniform", "quad": Song et al. 2021,
  // DDIM; "trailing": Lin et al. 2023). No spacing: `ladder` says the levels.
  std::vector<double> trained;
  std::string spacing;
  double eta = 0.0;                               // ddim
  FixedVariance variance = FixedVariance::large;  // ddpm
  bool clip = false;                              // ddim, ddpm: predictions to [-1, 1]
  // To go on from the middle: `levels` (falling, without the final 0) stand in for those of the settings above, `state` for the latents.
  std::vector<double> levels{};
  at::Tensor state{};
  Span span{};
  std::int64_t churn_steps = 0;  // N of S_churn / N; 0: the number of levels
};
// The noise levels of the steps, falling, without the final 0, rounded to the network's own; two steps at one level are one. Throws std::invalid_argument or Error(wrong_use) for impossible settings.
std::vector<double> levels_of(const SamplerSettings& settings);

struct NamedSampler {
  std::string name;  // "heun"
  std::string help;
  std::string without_noise;  // the sampler of this list that makes the same steps without fresh noise (at churn and eta 0); often itself
  // latents [N, ...] standard normal -> samples, float64; undefined when cancelled. Throws std::invalid_argument for impossible settings.
  std::function<at::Tensor(const Denoise&, const at::Tensor& latents, const SamplerSettings&, const NoiseSource&, SampleObserver*)> sample;
};
// The first is the usual one.
const std::vector<NamedSampler>& samplers();
// Throws std::invalid_argument.
const NamedSampler& sampler_named(const std::string& name);

}  // namespace orrery::diffusion
