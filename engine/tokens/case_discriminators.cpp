#include <torch/csrc/autograd/autograd.h>

#include "engine/api/result.h"
#include "engine/diffusion/ddpm_case_tools.h"
#include "engine/gan/losses.h"
#include "engine/io/module_weights.h"
#include "engine/nn/vqgan_discriminators.h"
#include "engine/parity/arguments.h"
#include "engine/tokens/maskgit_cases.h"
#include "engine/tokens/vqgan_loss.h"

namespace orrery::tokens {
namespace {

using gan::AdversarialLoss;

at::Tensor nchw(const at::Tensor& x) { return x.permute({0, 3, 1, 2}).contiguous(); }
at::Tensor nhwc(const at::Tensor& x) { return x.permute({0, 2, 3, 1}).detach(); }

AdversarialLoss loss_named(const std::string& name) { return name == "hinge" ? AdversarialLoss::hinge : AdversarialLoss::non_saturating; }

std::string flax_name(const std::string& own) {
  if (own == "conv_in") return "Conv_0";
  if (own == "conv_out") return "Conv_1";
  if (own == "dense0") return "Dense_0";
  return "ResBlock_" + own.substr(own.rfind('.') + 1);
}

}  // namespace

void run_residual_discriminator_case(parity::Case& reference) {
  nn::ResidualDiscriminatorOptions o;
  nlohmann::json widths;
  double cost = 10.0;
  parity::Arguments args(reference.args(), "args");
  args.read("image_size", o.image_px);
  args.read("blur_resample", o.blur);
  args.read("channels", widths);
  args.read("penalty_cost", cost);
  args.done();
  for (const auto& [px, width] : widths.items()) o.widths[std::stoll(px)] = width.get<std::int64_t>();
  std::int64_t blocks = 0;
  for (auto px = o.image_px; px > 4; px /= 2) ++blocks;
  nn::ResidualDiscriminator net(o);
  io::load_weights(net, nn::residual_discriminator_from_flax(reference.weights, blocks));

  const at::Tensor real = nchw(reference.in("in.real")).requires_grad_(true), fake = nchw(reference.in("in.fake")).requires_grad_(true);
  const at::Tensor real_logits = net.forward(real, [&](const std::string& name, const at::Tensor& x) { reference.report("tap." + flax_name(name), x.dim() == 4 ? nhwc(x) : x.detach()); });
  const at::Tensor fake_logits = net.forward(fake);
  reference.report("out.logits_real", real_logits.detach());
  reference.report("out.logits_fake", fake_logits.detach());
  at::Tensor d_loss;
  for (const std::string name : {"hinge", "non-saturating"}) {
    const auto loss = loss_named(name);
    // Sums of both means, without VQGAN's half.
    d_loss = discriminator_terms(real_logits, fake_logits, loss) * 2.0;
    const at::Tensor g_loss = gan::generator_loss(fake_logits, loss).mean();
    reference.report("out.d_loss_" + name, d_loss.detach());
    reference.report("out.g_loss_" + name, g_loss.detach());
    reference.report("grad.fake_" + name, nhwc(torch::autograd::grad({g_loss}, {fake}, {}, true)[0]));
  }
  for (const auto& [name, gradient] : nn::residual_discriminator_to_flax(diffusion::gradients_of(d_loss, net), blocks)) reference.report_gradient("grad.d/" + name, gradient, 1e-8);

  const at::Tensor slope = torch::autograd::grad({real_logits.sum()}, {real}, {}, true, true)[0];
  const at::Tensor penalty = slope.square().sum({1, 2, 3}).mean() * cost;
  reference.report("out.r1_gradient", nhwc(slope));
  reference.report("out.r1", penalty.detach());
  for (const auto& [name, gradient] : nn::residual_discriminator_to_flax(diffusion::gradients_of(penalty, net), blocks)) reference.report_gradient("grad.r1/" + name, gradient, 1e-8);
  if (!reference.has("in.blur_x")) return;
  for (std::int64_t taps = 2; taps <= 9; ++taps) reference.report("out.blur" + std::to_string(taps), nhwc(nn::blur_pool(nchw(reference.in("in.blur_x")), taps)));
}

void run_patch_discriminator_case(parity::Case& reference) {
  nn::PatchDiscriminatorOptions o;
  parity::Arguments args(reference.args(), "args");
  args.read("input_nc", o.channels);
  args.read("ndf", o.width);
  args.read("n_layers", o.layers);
  args.read("use_actnorm", o.act_norm);
  args.done();
  for (const bool training : {false, true}) {
    nn::PatchDiscriminator net(o);
    io::load_weights(net, reference.weights);
    net.train(training);
    const std::string mode = training ? "_train" : "_eval";
    if (!training) {
      net.to(at::kDouble);
      reference.report("out.real_eval_f64", net.forward(reference.in("in.real").to(at::kDouble)).detach());
      net.to(at::kFloat);
    }
    const at::Tensor fake = reference.in("in.fake").clone().requires_grad_(true);
    const at::Tensor real_logits = net.forward(reference.in("in.real"));
    if (training)
      for (const auto& [name, tensor] : io::named_weights(net)) reference.report("out.state_after_real." + name, tensor.detach().clone());
    const at::Tensor fake_logits = net.forward(fake);
    reference.report("out.real" + mode, real_logits.detach());
    reference.report("out.fake" + mode, fake_logits.detach());
    for (const std::string name : {"hinge", "vanilla"}) {
      const at::Tensor loss = discriminator_terms(real_logits, fake_logits, loss_named(name));
      reference.report("out." + name + mode, loss.detach());
      reference.report("grad.fake." + name + mode, torch::autograd::grad({loss}, {fake}, {}, true)[0]);
      for (const auto& [parameter, gradient] : diffusion::gradients_of(loss, net)) reference.report_gradient("grad." + parameter + "." + name + mode, gradient, 1e-7);
    }
  }
}

}  // namespace orrery::tokens
