#include <ATen/core/grad_mode.h>

#include "engine/io/module_weights.h"
#include "engine/parity/arguments.h"
#include "engine/systems/vqvae/cases.h"
#include "engine/tokens/vqvae_autoencoder.h"
#include "engine/train/optimiser.h"

namespace orrery::vqvae {
namespace {

struct Options {
  tokens::VqVaeOptions net;
  double latent_weight = 0.25, lr = 3e-4;
};

Options options_of(const parity::Case& reference) {
  Options o;
  parity::Arguments args(reference.args(), "args");
  args.read("in_channel", o.net.channels);
  args.read("channel", o.net.conv.width);
  args.read("n_res_block", o.net.conv.res_blocks);
  args.read("n_res_channel", o.net.conv.res_width);
  args.read("embed_dim", o.net.dim);
  args.read("n_embed", o.net.codes);
  args.read("stride", o.net.conv.stride);
  args.read("latent_loss_weight", o.latent_weight);
  args.read("lr", o.lr);
  args.done();
  return o;
}

std::shared_ptr<tokens::VqVaeAutoencoder> loaded(const parity::Case& reference, const Options& o, at::ScalarType type) {
  const auto net = std::make_shared<tokens::VqVaeAutoencoder>(o.net);
  io::load_weights(*net, reference.weights);
  net->to(type);
  return net;
}

at::Tensor loss_of(const tokens::TokenizerPass& pass, const Options& o) { return pass.squares.mean() + pass.commitment.mean() * o.latent_weight; }

void run_forward(parity::Case& reference, const Options& o) {
  const at::NoGradGuard no_grad;
  const auto net = loaded(reference, o, at::kFloat);
  const LayerTap tap = [&](const std::string& name, const at::Tensor& x) { reference.report("tap." + name, x); };
  const at::Tensor rows = tokens::to_rows(net->encode_tapped(reference.in("in.image"), tap));
  net->decode_tapped(tokens::to_maps(net->quantizer().quantize(rows).vectors), tap);
}

void run_gradients(parity::Case& reference, const Options& o, at::ScalarType type) {
  const auto net = loaded(reference, o, type);
  const at::Tensor image = reference.in("in.image").to(type).clone().requires_grad_(true);
  const tokens::TokenizerPass pass = tokens::tokenizer_pass(*net, image);
  const std::string suffix = type == at::kDouble ? "_f64" : "";
  reference.report("out.reconstruction" + suffix, pass.reconstruction);
  reference.report("out.diff" + suffix, pass.commitment.mean());
  if (type == at::kDouble) return;
  const at::Tensor loss = loss_of(pass, o);
  reference.report("out.indices", pass.quantized.codes);
  reference.report("out.loss", loss);
  loss.backward();
  reference.report("grad.image", image.grad());
  for (const auto& item : net->named_parameters()) reference.report("grad." + item.key(), item.value().grad());
}

void run_steps(parity::Case& reference, const Options& o) {
  const auto net = loaded(reference, o, at::kFloat);
  TrainState state;
  state.modules = {{"net", net}};
  OptimiserConfig adam;
  adam.modules = {"net"};
  adam.lr = o.lr;
  adam.beta1 = 0.9;
  adam.beta2 = 0.999;
  Optimiser optimiser({adam}, state);
  int steps = 0;
  for (; reference.has("out.step" + std::to_string(steps) + ".loss"); ++steps) {
    const tokens::TokenizerPass pass = tokens::tokenizer_pass(*net, reference.in("in.image"));
    net->quantizer().update(pass.rows, pass.quantized.codes);
    const at::Tensor loss = loss_of(pass, o);
    reference.report("out.step" + std::to_string(steps) + ".loss", loss);
    loss.backward();
    optimiser.step({"net"}, false, 1.0, 0.0);
  }
  for (const auto& [name, tensor] : io::named_weights(*net)) reference.report("out.after" + std::to_string(steps) + "." + name, tensor);
}

}  // namespace

void run_autoencoder_case(parity::Case& reference) {
  const Options o = options_of(reference);
  run_forward(reference, o);
  run_gradients(reference, o, at::kFloat);
  run_gradients(reference, o, at::kDouble);
  run_steps(reference, o);
}

}  // namespace orrery::vqvae
