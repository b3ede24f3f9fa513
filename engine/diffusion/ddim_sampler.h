// Denoising diffusion implicit models (Song et al. 2021): the non-Markovian family between the deterministic sampler (eta 0) and the
// ancestral one (eta 1), over any part of the timesteps, and the deterministic sampler run backwards.
#pragma once

#include "engine/diffusion/sampling.h"

namespace orrery::diffusion {

struct DdimOptions {
  double eta = 0.0;
  bool clip = false;  // predictions of x0 to [-1, 1]; the noise is then taken from the clipped x0
};

// x [N, ...] in the coordinates x0 + sigma noise at step span.first of `alpha_bars`, which rise to where sampling ends (1: clean). One evaluation
// per step. Draw number k belongs to step k and is made only where the step adds noise. Returns the state at the last of `alpha_bars`.
// Throws Error(wrong_use) for a ladder that does not rise or eta outside 0 ... 1.
at::Tensor sample_ddim(const Denoise& denoise, const at::Tensor& x, const std::vector<double>& alpha_bars, const DdimOptions& options, const NoiseSource& noise,
                       SampleObserver& observer, const Span& span = {});

struct InversionOptions {
  // 0: each step takes the noise from where it starts, as published (Dhariwal & Nichol 2021, appendix F); the way back then differs by the
  // discretisation. More: each step is solved for the point from which sample_ddim returns exactly, by so many fixed-point rounds at most.
  std::int64_t rounds = 0;
  double tolerance = 1e-7;  // rounds end when no value moves by more than this part of its noise level
};

// The noisy state that the deterministic sampler over `alpha_bars` turns into x (clean, or the state at the last of `alpha_bars`). Steps are
// counted from the clean end. Returns it in the coordinates x0 + sigma noise at the first of `alpha_bars`.
at::Tensor invert_ddim(const Denoise& denoise, const at::Tensor& x, const std::vector<double>& alpha_bars, const InversionOptions& options, SampleObserver& observer);

}  // namespace orrery::diffusion
