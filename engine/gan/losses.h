// Adversarial losses on logits.
// Sources: Goodfellow et al. 2014 (minimax: section 3, equation 1; non-saturating: end of section 3); Lim & Ye 2017 and Tran et al. 2017
// (hinge); Arjovsky et al. 2017 (Wasserstein).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace orrery::gan {

enum class AdversarialLoss { non_saturating, minimax, hinge, wasserstein };

// What G minimises on its pictures' logits, elementwise.
//   non_saturating softplus(-l), minimax -softplus(l), hinge and wasserstein -l
at::Tensor generator_loss(const at::Tensor& fake_logits, AdversarialLoss loss = AdversarialLoss::non_saturating);
// What D minimises on generated and on real pictures' logits, elementwise.
//   fake: softplus(l), hinge max(0, 1 + l), wasserstein l;  real: softplus(-l), hinge max(0, 1 - l), wasserstein -l
at::Tensor discriminator_fake_loss(const at::Tensor& fake_logits, AdversarialLoss loss = AdversarialLoss::non_saturating);
at::Tensor discriminator_real_loss(const at::Tensor& real_logits, AdversarialLoss loss = AdversarialLoss::non_saturating);

// R1: |grad over x of sum D(x)|^2 per sample, [N]. Source: Mescheder et al. 2018, equation 9 (the caller multiplies by gamma / 2).
// `logits` must have been computed from `images` (requires_grad) with the graph kept. Differentiable.
at::Tensor squared_gradient(const at::Tensor& logits, const at::Tensor& images);

// Path lengths |J_w^T y| per sample, [N]: the root over the mean (of styles) of squared lengths, y = pl_noise / sqrt(H W).
// Source: Karras et al. 2020 (StyleGAN2), section 3.2. images [N, C, H, W] from ws [N, num_ws, w_dim] (requires_grad). Differentiable.
at::Tensor path_lengths(const at::Tensor& images, const at::Tensor& ws, const at::Tensor& pl_noise);

}  // namespace orrery::gan
