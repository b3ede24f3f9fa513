#include "engine/diffusion/sampler_list.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "engine/diffusion/ddim_sampler.h"
#include "engine/diffusion/discrete_steps.h"
#include "engine/diffusion/timestep_spacing.h"

namespace orrery::diffusion {
namespace {

std::vector<double> wanted_levels(const SamplerSettings& s) {
  if (s.spacing.empty()) return noise_ladder(s.ladder);
  const auto total = static_cast<std::int64_t>(s.trained.size()), steps = s.ladder.steps;
  const Timesteps timesteps = s.spacing == "uniform"    ? uniform_timesteps(total, std::min(steps, total))
                              : s.spacing == "quad"     ? quadratic_timesteps(total, std::min(steps, total))
                              : s.spacing == "trailing" ? spaced_timesteps(total, std::min(steps, total), Spacing::trailing)
                                                        : throw std::invalid_argument("unknown spacing \"" + s.spacing + "\"");
  std::vector<double> levels;
  for (auto it = timesteps.rbegin(); it != timesteps.rend(); ++it) levels.push_back(s.trained[static_cast<std::size_t>(*it)]);
  return levels;  // quad repeats some
}

NamedSampler edm_family(std::string name, std::string help, bool second_order, double alpha) {
  return {name, std::move(help), name,
          [=](const Denoise& denoise, const at::Tensor& latents, const SamplerSettings& s, const NoiseSource& noise, SampleObserver* observer) {
            EdmSamplerOptions o;
            o.ladder = s.levels.empty() ? levels_of(s) : s.levels;
            o.schedule = s.schedule;
            o.scaling = s.scaling;
            if (s.schedule == TimeSchedule::vp) o.vp = VpSchedule::through(s.ladder.sigma_min, s.ladder.sigma_max, s.ladder.vp_time_min);
            o.second_order = second_order;
            o.alpha = alpha;
            o.churn = s.churn;
            o.churn_min = s.churn_min;
            o.churn_max = s.churn_max;
            o.churn_noise = s.churn_noise;
            o.round_sigma = s.round_sigma;
            o.state = s.state;
            o.span = s.span;
            o.churn_steps = s.churn_steps;
            return edm_sample(denoise, latents, o, noise, observer);
          }};
}

// The family of the discrete process: the latents are states of unit variance, as published.
at::Tensor sample_discrete(const Denoise& denoise, const at::Tensor& latents, const SamplerSettings& s, const NoiseSource& noise, SampleObserver* observer, bool implicit) {
  std::vector<double> powers;
  for (const double level : s.levels.empty() ? levels_of(s) : s.levels) powers.push_back(alpha_bar_of(level));
  powers.push_back(1.0);
  SampleObserver nobody;
  SampleObserver& watching = observer != nullptr ? *observer : nobody;
  at::Tensor x = s.state;
  if (!x.defined()) {
    x = latents.to(at::kDouble) / std::sqrt(powers.front());
    watching.on_start(sigma_of(powers.front()), x);
  }
  return implicit ? sample_ddim(denoise, x, powers, {s.eta, s.clip}, noise, watching, s.span)
                  : sample_ancestral(denoise, x, powers, {s.variance, s.clip}, noise, watching, s.span);
}

NamedSampler discrete_family(std::string name, std::string help, bool implicit) {
  return {std::move(name), std::move(help), "ddim",
          [=](const Denoise& denoise, const at::Tensor& latents, const SamplerSettings& s, const NoiseSource& noise, SampleObserver* observer) {
            return sample_discrete(denoise, latents, s, noise, observer, implicit);
          }};
}

}  // namespace

std::vector<double> levels_of(const SamplerSettings& s) {
  std::vector<double> levels;
  for (const double level : wanted_levels(s)) {
    const double known = s.round_sigma ? s.round_sigma(level) : level;
    if (levels.empty() || known < levels.back()) levels.push_back(known);
  }
  return levels;
}

const NamedSampler& sampler_named(const std::string& name) {
  const auto found = std::find_if(samplers().begin(), samplers().end(), [&](const NamedSampler& one) { return one.name == name; });
  if (found == samplers().end()) throw std::invalid_argument("unknown sampler \"" + name + "\"");
  return *found;
}

const std::vector<NamedSampler>& samplers() {
  static const std::vector<NamedSampler> list{
      edm_family("heun", "second order, two evaluations a step (Karras et al. 2022)", true, 1.0),
      edm_family("euler", "first order, one evaluation a step; the same as DDIM", false, 1.0),
      edm_family("midpoint", "second order, the slope taken half way", true, 0.5),
      edm_family("ralston", "second order, the slope taken at two thirds", true, 2.0 / 3.0),
      discrete_family("ddim", "first order, with as much fresh noise as η says (Song et al. 2021)", true),
      discrete_family("ddpm", "ancestral: fresh noise in every step (Ho et al. 2020)", false),
  };
  return list;
}

}  // namespace orrery::diffusion
