// Classifier-free guidance (Ho & Salimans 2022): how a conditional and an unconditional prediction are combined. Predictions may be of noise, v, x0,
// a score or logits: the rules are linear, so at equal x and sigma they are the same for all (but not after clipping).
#pragma once

#include <ATen/core/Tensor.h>

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "engine/diffusion/sampling.h"
#include "engine/kinds/denoiser.h"

namespace orrery::diffusion {

// u + scale (c - u): exactly c at scale 1 and u at scale 0. The paper's weight w is scale - 1. A negative prompt takes the place of u.
at::Tensor guide(const at::Tensor& conditional, const at::Tensor& unconditional, double scale);
// u + sum_i s_i (c_i - u) (Liu et al. 2022, compositional diffusion, equation 11).
at::Tensor guide_many(const std::vector<std::pair<at::Tensor, double>>& conditionals, const at::Tensor& unconditional);
// Pulls the guided prediction's deviation (over each sample, unbiased) to the conditional one's by `share` (Lin et al. 2023, equation 15).
at::Tensor rescale_guided(const at::Tensor& guided, const at::Tensor& conditional, double share);

// Adaptive projected guidance (Sadat et al. 2024): the difference without most of its part along the conditional prediction.
struct ProjectedGuidance {
  double scale = 1.0;
  double parallel = 1.0;        // eta: what is kept of the parallel part
  double most = 0.0;            // > 0: the difference is shortened to this norm
  double momentum = 0.0;        // of the difference over successive calls
  bool from_conditional = false;  // scale times the difference is added to c (the original formulation) instead of u
};
// `average` carries the momentum between calls; undefined at first.
at::Tensor guide_projected(const at::Tensor& conditional, const at::Tensor& unconditional, const ProjectedGuidance& options, at::Tensor& average);

// CFG-Zero*: the factor [N, 1, ...] that fits u to c, <c, u> / |u|^2 (Fan et al. 2025, equation 8); the guided prediction is alpha u + s (c - alpha u).
at::Tensor fitted_unconditional_scale(const at::Tensor& conditional, const at::Tensor& unconditional);

// Class weights [N, classes] with the rows of samples whose draw is below `probability` emptied (algorithm 1). draw [N] uniform.
at::Tensor drop_classes(const at::Tensor& weights, const at::Tensor& draw, double probability);

// Which of the two predictions is shown.
enum class GuidanceView { guided, conditional, unconditional };

struct GuidanceOptions {
  double scale = 1.0;
  // Sampler steps in which guidance acts, both included; outside only the conditional prediction is asked for (Kynkaanniemi et al. 2024).
  std::int64_t first_step = 0, last_step = std::numeric_limits<std::int64_t>::max();
  GuidanceView view = GuidanceView::guided;
  double rescale = 0.0;
};

// Combines two predictions of any origin; asks `unconditional` only where it is needed.
Denoise guided(Denoise conditional, Denoise unconditional, const GuidanceOptions& options);
// A Denoiser under a condition. `other` stands for the empty condition (another class: a negative prompt); undefined: the empty one, which the
// network must know (shape().unconditional) wherever guidance acts or the unconditional view is asked for. Throws Error(wrong_use).
Denoise guided(Denoiser& denoiser, const Condition& condition, const Condition& other, const GuidanceOptions& options);

}  // namespace orrery::diffusion
