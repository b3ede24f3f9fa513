#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "engine/io/module_weights.h"
#include "engine/nn/pixelcnn_pp.h"
#include "engine/parity/arguments.h"
#include "engine/systems/vqvae/cases.h"
#include "engine/vae/logistic_mixture.h"

namespace orrery::vqvae {
namespace {

nn::PixelCnnOptions options_of(const parity::Case& reference) {
  nn::PixelCnnOptions o;
  parity::Arguments args(reference.args(), "args");
  args.read("nr_resnet", o.blocks);
  args.read("nr_filters", o.width);
  args.read("nr_logistic_mix", o.mixtures);
  args.read("input_channels", o.channels);
  args.done();
  return o;
}

std::shared_ptr<nn::PixelCnnPp> loaded(const parity::Case& reference, at::ScalarType type) {
  const auto net = std::make_shared<nn::PixelCnnPp>(options_of(reference));
  io::load_weights(*net, reference.weights);
  net->to(type);
  return net;
}

void run_network(parity::Case& reference, at::ScalarType type) {
  const auto net = loaded(reference, type);
  const std::string suffix = type == at::kDouble ? "_f64" : "";
  const LayerTap tap = type == at::kFloat ? LayerTap([&](const std::string& name, const at::Tensor& x) { reference.report("tap." + name, x); }) : LayerTap();
  const at::Tensor image = reference.in("in.image").to(type), parameters = net->forward(image, nullptr, tap), loss = vae::logistic_mixture_loss(image, parameters).sum();
  reference.report("out.params" + suffix, parameters);
  reference.report("out.loss" + suffix, loss);
  if (type == at::kDouble) return;
  loss.backward();
  for (const auto& item : net->named_parameters()) reference.report("grad." + item.key(), item.value().grad());
}

void run_loss(parity::Case& reference) {
  for (const auto type : {at::kFloat, at::kDouble}) {
    const at::Tensor parameters = reference.in("in.params").to(type).clone().requires_grad_(true);
    const at::Tensor loss = vae::logistic_mixture_loss(reference.in("in.image").to(type), parameters).sum();
    reference.report(type == at::kDouble ? "out.loss_params_f64" : "out.loss_params", loss);
    if (type == at::kFloat) reference.report("grad.params", torch::autograd::grad({loss}, {parameters}).front());
  }
}

void run_samples(parity::Case& reference) {
  reference.report("out.sample_params", vae::sample_logistic_mixture(reference.in("in.params"), reference.in("in.uniform_mix"), reference.in("in.uniform_x")));
  const auto net = loaded(reference, at::kFloat);
  const at::Tensor which = reference.in("in.ar_uniform_mix"), where = reference.in("in.ar_uniform_x");
  const std::int64_t shape[] = {where.size(1), where.size(4), where.size(2), where.size(3)};
  reference.report("out.ar_sample", nn::sample_pixels(*net, shape, where.options(), [&](std::int64_t pixel) { return nn::PixelDraws{which[pixel], where[pixel]}; }));
}

// In double: the change of one pixel against what rounding may do.
void run_dependence(parity::Case& reference) {
  const auto net = loaded(reference, at::kDouble);
  const at::Tensor image = reference.in("in.image").to(at::kDouble), before = net->forward(image);
  at::Tensor changed = image.clone();
  changed.select(2, 4).select(2, 6).add_(0.5);
  reference.report("out.dependence", (net->forward(changed) - before).abs().amax({0, 1}).gt(1e-12));
}

}  // namespace

void run_pixelcnn_case(parity::Case& reference) {
  run_network(reference, at::kFloat);
  run_network(reference, at::kDouble);
  run_loss(reference);
  const at::NoGradGuard no_grad;
  run_samples(reference);
  run_dependence(reference);
}

}  // namespace orrery::vqvae
