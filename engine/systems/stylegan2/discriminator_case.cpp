#include <ATen/ops/arange.h>
#include <torch/csrc/autograd/autograd.h>

#include "engine/systems/stylegan2/case_networks.h"
#include "engine/systems/stylegan2/cases.h"

namespace orrery::stylegan2 {
namespace {

// Gradients are of sum_i (i + 1) logit_i.
void run_pass(parity::Case& reference, nn::StyleGan2Discriminator& d, at::ScalarType dtype, const std::string& suffix) {
  const at::Tensor images = reference.in("in.img").to(dtype).requires_grad_(true);
  const at::Tensor c = reference.has("in.c") ? reference.in("in.c").to(dtype) : at::Tensor();
  const LayerTap tap =
      suffix.empty() ? LayerTap([&](const std::string& name, const at::Tensor& x) { reference.report("tap." + name, x); }) : LayerTap();
  const at::Tensor logits = d.forward(images, c, tap);
  reference.report("out.logits" + suffix, logits);

  std::vector<at::Tensor> wanted{images};
  std::vector<std::string> names{"grad.img" + suffix};
  for (const auto& item : d.named_parameters()) {
    wanted.push_back(item.value());
    names.push_back("grad.param." + item.key() + suffix);
  }
  const at::Tensor weight = at::arange(1, logits.size(0) + 1, logits.options().requires_grad(false)).unsqueeze(1);
  const auto gradients = torch::autograd::grad({(logits * weight).sum()}, wanted, {}, false, false, /*allow_unused=*/true);
  for (std::size_t i = 0; i < names.size(); ++i)
    reference.report(names[i], gradients[i].defined() ? gradients[i] : at::zeros_like(wanted[i]));
}

}  // namespace

void run_discriminator_case(parity::Case& reference) {
  const auto d = discriminator_from_args(reference.args());
  load(*d, reference.weights);
  run_pass(reference, *d, at::kFloat, "");
  to_double(*d);
  run_pass(reference, *d, at::kDouble, "_f64");
}

}  // namespace orrery::stylegan2
