#include "engine/gan/losses.h"

#include <ATen/ops/relu.h>
#include <ATen/ops/softplus.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

namespace orrery::gan {

at::Tensor generator_loss(const at::Tensor& fake_logits, AdversarialLoss loss) {
  switch (loss) {
    case AdversarialLoss::non_saturating:
      return at::softplus(-fake_logits);
    case AdversarialLoss::minimax:
      return -at::softplus(fake_logits);
    case AdversarialLoss::hinge:
    case AdversarialLoss::wasserstein:
      break;
  }
  return -fake_logits;
}

at::Tensor discriminator_fake_loss(const at::Tensor& fake_logits, AdversarialLoss loss) {
  switch (loss) {
    case AdversarialLoss::hinge:
      return at::relu(fake_logits + 1);
    case AdversarialLoss::wasserstein:
      return fake_logits;
    case AdversarialLoss::non_saturating:
    case AdversarialLoss::minimax:
      break;
  }
  return at::softplus(fake_logits);
}

at::Tensor discriminator_real_loss(const at::Tensor& real_logits, AdversarialLoss loss) {
  return discriminator_fake_loss(-real_logits, loss);
}

at::Tensor squared_gradient(const at::Tensor& logits, const at::Tensor& images) {
  const auto gradients = torch::autograd::grad({logits.sum()}, {images}, {}, /*retain_graph=*/true, /*create_graph=*/true);
  return gradients[0].square().sum({1, 2, 3});
}

at::Tensor path_lengths(const at::Tensor& images, const at::Tensor& ws, const at::Tensor& pl_noise) {
  const at::Tensor direction = pl_noise / std::sqrt(static_cast<double>(images.size(2) * images.size(3)));
  const auto gradients = torch::autograd::grad({(images * direction).sum()}, {ws}, {}, /*retain_graph=*/true, /*create_graph=*/true);
  return gradients[0].square().sum(2).mean(1).sqrt();
}

}  // namespace orrery::gan
