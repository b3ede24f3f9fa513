#include "engine/tokens/vqgan_loss.h"

#include <ATen/ops/full.h>
#include <torch/csrc/autograd/autograd.h>

namespace orrery::tokens {

at::Tensor adaptive_weight(const at::Tensor& nll, const at::Tensor& adversarial, const at::Tensor& last_weight) {
  const auto slope = [&](const at::Tensor& loss) { return torch::autograd::grad({loss}, {last_weight}, {}, /*retain_graph=*/true)[0].norm(); };
  return (slope(nll) / (slope(adversarial) + 1e-4)).clamp(0.0, 1e4).detach();
}

GeneratorTerms generator_terms(const at::Tensor& real, const at::Tensor& fake, const at::Tensor& perceptual, const at::Tensor& fake_logits, const at::Tensor& codebook,
                               const at::Tensor& last_weight, const VqganLossOptions& o) {
  GeneratorTerms out;
  at::Tensor error = (real - fake).abs();
  if (perceptual.defined()) {
    out.perceptual = perceptual.mean();
    error = error + o.perceptual_weight * perceptual;
  }
  out.nll = error.mean();
  out.adversarial = gan::generator_loss(fake_logits, gan::AdversarialLoss::hinge).mean();
  out.weight = o.adaptive ? adaptive_weight(out.nll, out.adversarial, last_weight) * o.adversarial_weight : at::full({}, o.adversarial_weight, out.nll.options().requires_grad(false));
  out.total = out.nll + out.adversarial * (out.weight * (o.active ? 1.0 : 0.0)) + codebook * o.codebook_weight;
  return out;
}

at::Tensor discriminator_terms(const at::Tensor& real_logits, const at::Tensor& fake_logits, gan::AdversarialLoss loss) {
  return (gan::discriminator_real_loss(real_logits, loss).mean() + gan::discriminator_fake_loss(fake_logits, loss).mean()) * 0.5;
}

}  // namespace orrery::tokens
