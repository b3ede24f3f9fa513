// What a VQGAN's tokenizer is trained with (Esser et al. 2021, equations 4 to 7): reconstruction, perceptual and patch-adversarial terms, the last
// weighted so that its gradient at the decoder's last layer is as large as that of the others.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "engine/gan/losses.h"

namespace orrery::tokens {

// |grad of nll| / (|grad of adversarial| + 1e-4) over `last_weight`, at most 1e4, without a gradient (equation 7). Both must depend on the weight.
at::Tensor adaptive_weight(const at::Tensor& nll, const at::Tensor& adversarial, const at::Tensor& last_weight);

struct GeneratorTerms {
  at::Tensor total;         // [] nll + factor * weight * adversarial + codebook
  at::Tensor nll;           // [] mean of |x - y| and the perceptual distance
  at::Tensor perceptual;    // [] mean
  at::Tensor adversarial;   // [] -mean of the logits
  at::Tensor weight;        // [] adaptive weight times disc_weight
};

struct VqganLossOptions {
  double perceptual_weight = 1.0;
  double adversarial_weight = 0.8;
  double codebook_weight = 1.0;
  bool active = true;     // false: before the discriminator starts; the weight is computed all the same
  bool adaptive = true;   // false: the weight is adversarial_weight
};

// real, fake [N, C, H, W]; perceptual [N, 1, 1, 1] or undefined; fake_logits of any shape; codebook a number.
GeneratorTerms generator_terms(const at::Tensor& real, const at::Tensor& fake, const at::Tensor& perceptual, const at::Tensor& fake_logits, const at::Tensor& codebook,
                               const at::Tensor& last_weight, const VqganLossOptions& options);

// Half the sum of the means over real and generated logits. hinge, or non_saturating ("vanilla").
at::Tensor discriminator_terms(const at::Tensor& real_logits, const at::Tensor& fake_logits, gan::AdversarialLoss loss);

}  // namespace orrery::tokens
