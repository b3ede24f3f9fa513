// The way back up of a deterministic sampler: the noisy state that it turns into a given picture.
#pragma once

#include <functional>
#include <vector>

#include "engine/diffusion/sampler_list.h"
#include "engine/diffusion/sampling.h"

namespace orrery::diffusion {

// One step of the sampler, from noise level number `step` of its ladder to the next. Undefined: cancelled.
using DownStep = std::function<at::Tensor(const at::Tensor& x, std::int64_t step)>;

struct StepInversionOptions {
  std::int64_t rounds = 40;   // of the fixed point, each one step of the sampler
  double tolerance = 3e-6;    // on what the step makes of it, beside 1 + its noise level
  std::int64_t memory = 4;    // of Anderson's acceleration
};

struct StepInversion {
  at::Tensor x;               // the state at the step's start; undefined when cancelled
  double error = 0.0;         // the largest difference of step(x) from what was asked for
  std::int64_t rounds = 0;
};

// The state x at level levels[step] that `down` takes to `end` at levels[step + 1] (levels fall, the last may be 0): y <- y + (end - down(y)), whose
// slope is that of the step's change, small for small steps (the implicit inversion of Song et al. 2021, DDIM, equation 14, for a
// solver of any order), with Anderson's acceleration (1965). Keeps the best of what it finds; `guess` is where it begins, may be undefined.
// Tensors in float64.
StepInversion invert_step(const DownStep& down, const at::Tensor& end, std::int64_t step, const std::vector<double>& levels, const at::Tensor& guess,
                          const StepInversionOptions& options = {});
// The same for a step of a sampler with these settings, whose `levels` must be set (without the final 0), its fresh noise left out.
StepInversion invert_step(const NamedSampler& sampler, const Denoise& denoise, const SamplerSettings& settings, const at::Tensor& end, std::int64_t step,
                          const at::Tensor& guess, SampleObserver& observer, const StepInversionOptions& options = {});

}  // namespace orrery::diffusion
