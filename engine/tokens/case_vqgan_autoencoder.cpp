#include <ATen/ops/conv2d.h>
#include <ATen/ops/full.h>
#include <torch/csrc/autograd/autograd.h>

#include "engine/api/result.h"
#include "engine/diffusion/ddpm_case_tools.h"
#include "engine/io/module_weights.h"
#include "engine/nn/vqgan_discriminators.h"
#include "engine/parity/arguments.h"
#include "engine/tokens/maskgit_cases.h"
#include "engine/tokens/vqgan_loss.h"
#include "engine/tokens/vqgan_tokenizer.h"

namespace orrery::tokens {
namespace {

using Weights = std::map<std::string, at::Tensor>;

struct Options {
  VqganTokenizerOptions net;
  nn::PatchDiscriminatorOptions d;
  VqganLossOptions loss;
  double beta = 0.25;
  bool legacy = true;
  std::int64_t start = 0;
  gan::AdversarialLoss adversarial = gan::AdversarialLoss::hinge;
};

Options read(const nlohmann::json& all) {
  Options o;
  parity::Arguments args(all, "args");
  const auto ddconfig = args.object("ddconfig");
  std::string loss = "hinge";
  args.read("n_embed", o.net.codes);
  args.read("embed_dim", o.net.dim);
  args.read("beta", o.beta);
  args.read("legacy", o.legacy);
  args.read("disc_start", o.start);
  args.read("disc_weight", o.loss.adversarial_weight);
  args.read("disc_loss", loss);
  args.read("disc_ndf", o.d.width);
  args.read("disc_num_layers", o.d.layers);
  args.done();
  if (loss != "hinge" && loss != "vanilla") throw Error(ErrorCode::bad_input, "args.disc_loss " + loss + " is not known here.");
  if (loss == "vanilla") o.adversarial = gan::AdversarialLoss::non_saturating;
  parity::Arguments inner(ddconfig, "args.ddconfig");
  auto& n = o.net.networks;
  n.style = nn::VqganOptions::Style::vqgan;
  bool doubled = false;
  double dropout = 0.0;
  std::int64_t out = 3;
  inner.read("double_z", doubled);
  inner.read("z_channels", n.latent_channels);
  inner.read("resolution", n.resolution_px);
  inner.read("in_channels", n.channels);
  inner.read("out_ch", out);
  inner.read("ch", n.width);
  inner.read("ch_mult", n.multipliers);
  inner.read("num_res_blocks", n.blocks);
  inner.read("attn_resolutions", n.attention_px);
  inner.read("dropout", dropout);
  inner.done();
  if (doubled || dropout != 0.0 || out != n.channels) throw Error(ErrorCode::bad_input, "args.ddconfig asks for what is not known here.");
  o.d.channels = n.channels;
  return o;
}

Weights below(const Weights& all, const std::string& prefix) {
  Weights out;
  for (const auto& [name, tensor] : all)
    if (name.rfind(prefix, 0) == 0) out[name.substr(prefix.size())] = tensor;
  return out;
}

struct Networks {
  Networks(const Options& o, const Weights& all, at::ScalarType type) : net(o.net), d(o.d) {
    Weights own = all;
    std::erase_if(own, [](const auto& item) { return item.first.rfind("loss.", 0) == 0; });
    io::load_weights(net, own);
    io::load_weights(d, below(all, "loss.discriminator."));
    net.to(type);
    d.to(type);
    eye = all.at("loss.perceptual_loss.w").to(type);
  }
  // A 1 x 1 convolution: the distance that the case was recorded with in place of the perceptual one.
  at::Tensor perceptual(const at::Tensor& x, const at::Tensor& y) const { return (at::conv2d(x, eye) - at::conv2d(y, eye)).square().mean({1, 2, 3}, true); }

  VqganTokenizer net;
  nn::PatchDiscriminator d;
  at::Tensor eye;
};

void report_phases(parity::Case& reference, const Options& o, const std::string& run) {
  Networks n(o, reference.weights, at::kFloat);
  const std::int64_t step = std::stoll(run.substr(run.rfind("step") + 4));
  n.d.train(run.rfind("train", 0) == 0);
  VqganLossOptions loss = o.loss;
  loss.active = step >= o.start;
  const at::Tensor image = reference.in("in.image").clone().requires_grad_(true);
  const at::Tensor rows = to_rows(n.net.latents(image));
  const Quantized q = n.net.quantizer().quantize(rows);
  const at::Tensor rebuilt = n.net.pictures(to_maps(q.vectors)), codes = vqgan_loss(rows, q.looked_up, o.beta, o.legacy).mean();
  const GeneratorTerms terms = generator_terms(image, rebuilt, n.perceptual(image, rebuilt), n.d.forward(rebuilt), codes, n.net.last_weight(), loss);
  const auto g = [&](const std::string& name, const at::Tensor& value) { reference.report("out.g." + name + "." + run, value.detach().to(at::kFloat)); };
  g("total_loss", terms.total);
  g("quant_loss", codes);
  g("nll_loss", terms.nll);
  g("rec_loss", terms.nll);
  g("p_loss", terms.perceptual);
  g("d_weight", terms.weight);
  g("g_loss", terms.adversarial);
  g("disc_factor", at::full({}, loss.active ? 1.0 : 0.0));
  reference.report("grad.image." + run, torch::autograd::grad({terms.total}, {image}, {}, true)[0]);
  const auto gradients = diffusion::gradients_of(terms.total, n.net);
  for (const auto& [name, gradient] : gradients) reference.report_gradient("grad." + name + "." + run, gradient, 1e-7);
  reference.report("grad.norms." + run, diffusion::gradient_norms(gradients, reference.meta.at("grad_norm_order"), at::kFloat));
  if (reference.has("out.d.disc_loss." + run) && n.d.is_training())
    for (const auto& [name, tensor] : io::named_weights(n.d)) reference.report("out.bn_after_g." + name, tensor.detach().clone());

  const at::Tensor real_logits = n.d.forward(image.detach()), fake_logits = n.d.forward(rebuilt.detach());
  const at::Tensor d_loss = discriminator_terms(real_logits, fake_logits, o.adversarial) * (loss.active ? 1.0 : 0.0);
  reference.report("out.d.disc_loss." + run, d_loss.detach());
  reference.report("out.d.logits_real." + run, real_logits.mean().detach());
  reference.report("out.d.logits_fake." + run, fake_logits.mean().detach());
  for (const auto& [name, gradient] : diffusion::gradients_of(d_loss, n.d)) reference.report_gradient("grad.loss.discriminator." + name + "." + run, gradient, 1e-8);
}

}  // namespace

void run_vqgan_autoencoder_case(parity::Case& reference) {
  const Options o = read(reference.args());
  for (const auto type : {at::kFloat, at::kDouble}) {
    Networks n(o, reference.weights, type);
    n.d.eval();
    const std::string twin = type == at::kDouble ? "_f64" : "";
    // Taps are there to find what is wrong; in double only the recording's own rounding shows.
    const LayerTap tap = [&](const std::string& name, const at::Tensor& x) { if (!twin.empty()) reference.report("tap." + name, x.detach()); };
    const at::Tensor image = reference.in("in.image").to(type), z = n.net.latents(image, tap), rows = to_rows(z);
    const Quantized q = n.net.quantizer().quantize(rows);
    reference.report("out.z" + twin, z.detach());
    reference.report("out.quantized" + twin, to_maps(q.looked_up).detach());
    reference.report("out.codebook_loss" + twin, vqgan_loss(rows, q.looked_up, o.beta, o.legacy).mean().detach());
    reference.report("out.reconstruction" + twin, n.net.pictures(to_maps(q.vectors), tap).detach());
    if (!twin.empty()) continue;
    reference.report("out.indices", q.codes.flatten());
    reference.report("out.logits_real_eval", n.d.forward(image).detach());
  }
  const std::string prefix = "out.g.total_loss.";
  for (const auto& [name, tensor] : reference.io)
    if (name.rfind(prefix, 0) == 0) report_phases(reference, o, name.substr(prefix.size()));
}

}  // namespace orrery::tokens
