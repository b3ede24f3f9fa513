// Ancestral sampling: x_{t-1} drawn from q(x_{t-1} | x_t, x0) with the predicted x0 (Ho et al. 2020, algorithm 2), over all timesteps or
// any part of them.
#pragma once

#include "engine/diffusion/sampling.h"

namespace orrery::diffusion {

enum class FixedVariance { small, large };  // the posterior's own, or beta (Ho et al. 2020, section 3.2)

struct AncestralOptions {
  FixedVariance variance = FixedVariance::large;
  bool clip = true;  // predictions of x0 to [-1, 1]
};

// x [N, ...] in the coordinates x0 + sigma noise at step span.first of `alpha_bars`, which rise to where sampling ends (1: clean). One evaluation
// per step; no noise is added by a step that ends at 1. Draw number k belongs to step k. Returns the state at the last of `alpha_bars`, in
// the same coordinates. Throws Error(wrong_use) for a ladder that does not rise.
at::Tensor sample_ancestral(const Denoise& denoise, const at::Tensor& x, const std::vector<double>& alpha_bars, const AncestralOptions& options,
                            const NoiseSource& noise, SampleObserver& observer, const Span& span = {});

// Shared by the samplers over such ladders.
void check_ladder(const std::vector<double>& alpha_bars);

}  // namespace orrery::diffusion
