#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "engine/api/result.h"
#include "engine/diffusion/ddpm_case_tools.h"
#include "engine/io/module_weights.h"
#include "engine/parity/arguments.h"
#include "engine/tokens/maskgit_cases.h"
#include "engine/tokens/gumbel_quantizer.h"
#include "engine/tokens/token_losses.h"
#include "engine/tokens/vqgan_tokenizer.h"

namespace orrery::tokens {
namespace {

using Json = nlohmann::json;

struct FlaxOptions {
  VqganTokenizerOptions net;
  double commitment = 0.25, entropy_ratio = 0.1, entropy_temperature = 0.01;
  bool hard = false;
};

[[noreturn]] void unknown(const std::string& what) { throw Error(ErrorCode::bad_input, what + " is not known here."); }

FlaxOptions flax_options(const Json& all) {
  FlaxOptions o;
  parity::Arguments outer(all, "args");
  const Json vqvae = outer.object("vqvae");
  outer.done();
  parity::Arguments args(vqvae, "args.vqvae");
  std::string activation = "swish", norm = "GN", quantizer = "vq", entropy = "softmax";
  auto& n = o.net.networks;
  args.read("activation_fn", activation);
  args.read("norm_type", norm);
  args.read("quantizer", quantizer);
  args.read("entropy_loss_type", entropy);
  args.read("channel_multipliers", n.multipliers);
  args.read("filters", n.width);
  args.read("num_res_blocks", n.blocks);
  args.read("conv_downsample", n.strided_down);
  args.read("codebook_size", o.net.codes);
  args.read("embedding_dim", o.net.dim);
  args.read("commitment_cost", o.commitment);
  args.read("entropy_loss_ratio", o.entropy_ratio);
  args.read("entropy_temperature", o.entropy_temperature);
  args.done();
  if (activation != "swish" && activation != "relu") unknown("args.vqvae.activation_fn " + activation);
  if (norm != "GN" && norm != "LN") unknown("args.vqvae.norm_type " + norm);
  if (quantizer != "vq") unknown("args.vqvae.quantizer " + quantizer);
  if (entropy != "softmax" && entropy != "argmax") unknown("args.vqvae.entropy_loss_type " + entropy);
  n.latent_channels = o.net.dim;
  n.relu = activation == "relu";
  n.layer_norm = norm == "LN";
  o.hard = entropy == "argmax";
  return o;
}

at::Tensor nchw(const at::Tensor& x, at::ScalarType type) { return x.permute({0, 3, 1, 2}).to(type).contiguous(); }
at::Tensor nhwc(const at::Tensor& x) { return x.permute({0, 2, 3, 1}).detach(); }

// Squared distances [rows, codes] in float32, component after component, products fused with their sum: the published program's order of
// rounding, which the entropy term below multiplies by a hundred.
at::Tensor distances_in_order(const at::Tensor& rows, const at::Tensor& book) {
  at::Tensor of_rows = rows.select(1, 0).square(), of_book = book.select(1, 0).square();
  at::Tensor product = rows.select(1, 0).unsqueeze(1) * book.select(1, 0);
  for (std::int64_t i = 1; i < rows.size(1); ++i) {
    of_rows = of_rows + rows.select(1, i).square();
    of_book = of_book + book.select(1, i).square();
    product = (product.to(at::kDouble) + rows.select(1, i).to(at::kDouble).unsqueeze(1) * book.select(1, i).to(at::kDouble)).to(at::kFloat);
  }
  return (of_rows.unsqueeze(1) - product * 2.0) + of_book;
}

// Entropies for every table "out.entropy_<kind>_T<temperature>".
void report_entropies(parity::Case& reference) {
  const std::string prefix = "out.entropy_";
  for (const auto& [name, tensor] : reference.io) {
    const auto at = name.rfind("_T");
    if (name.rfind(prefix, 0) != 0 || at == std::string::npos) continue;
    const std::string kind = name.substr(prefix.size(), at - prefix.size());
    reference.report(name, entropy_loss(-reference.in("in.distances"), std::stod(name.substr(at + 2)), kind == "argmax"));
  }
}

at::Tensor in_type_of(const parity::Case& reference, const std::string& name, const at::Tensor& x) { return x.to(reference.in(name).scalar_type()); }

}  // namespace

void run_flax_tokenizer_case(parity::Case& reference) {
  const FlaxOptions o = flax_options(reference.args());
  report_entropies(reference);
  for (const auto type : {at::kFloat, at::kDouble}) {
    VqganTokenizer net(o.net);
    io::load_weights(net, nn::vqgan_from_flax(reference.weights, o.net.networks));
    net.to(type);
    const auto modules = nn::vqgan_flax_modules(o.net.networks);
    const LayerTap tap = [&](const std::string& name, const at::Tensor& x) {
      const auto known = modules.find(name);
      if (type == at::kFloat && known != modules.end()) reference.report("tap." + known->second, nhwc(x));
    };
    const at::Tensor image = nchw(reference.in("in.image"), type).requires_grad_(type == at::kFloat);
    const at::Tensor z = net.latents(image, tap), rows = to_rows(z);
    const Quantized q = net.quantizer().quantize(rows);
    const at::Tensor rebuilt = net.pictures(to_maps(q.vectors), tap);
    if (type == at::kDouble) {
      reference.report("out.encoded_f64", nhwc(z));
      reference.report("out.reconstruction_f64", nhwc(rebuilt));
      continue;
    }
    reference.report("out.encoded", nhwc(z));
    reference.report("out.indices", in_type_of(reference, "out.indices", q.codes));
    reference.report("out.quantized", q.looked_up.detach());
    reference.report("out.reconstruction", nhwc(rebuilt));
    {
      const at::NoGradGuard no_grad;
      reference.report("out.from_indices", nhwc(net.pictures(to_maps(look_up(reference.in("out.indices").to(at::kLong), net.quantizer().codebook())))));
      if (reference.has("in.image_odd")) reference.report("out.encoded_odd", nhwc(net.latents(nchw(reference.in("in.image_odd"), type))));
    }
    const at::Tensor e = commitment_loss(rows, q.looked_up).mean() * o.commitment, c = codebook_loss(rows, q.looked_up).mean();
    // Divided by such a temperature, the rounding of the latents and of their distances is all of the tolerance: this term is taken at the recorded
    // latents (their own error is compared above), in float32.
    const at::Tensor recorded = reference.in("out.encoded") + (rows - rows.detach());
    const at::Tensor entropy = entropy_loss(-distances_in_order(recorded.flatten(0, 2), net.quantizer().codebook()), o.entropy_temperature, o.hard) * o.entropy_ratio;
    const at::Tensor codes = e + c + entropy, l2 = (rebuilt - image).square().mean(), loss = l2 + codes;
    reference.report("out.e_latent_loss", e.detach());
    reference.report("out.q_latent_loss", c.detach());
    reference.report("out.entropy_loss", entropy.detach());
    reference.report("out.quantizer_loss", codes.detach());
    reference.report("out.l2", l2.detach());
    reference.report("out.l1", (rebuilt - image).abs().mean().detach());
    reference.report("out.loss", loss.detach());
    reference.report("grad.image", nhwc(torch::autograd::grad({loss}, {image}, {}, true)[0]));
    const auto gradients = nn::vqgan_to_flax(diffusion::gradients_of(loss, net), o.net.networks);
    for (const auto& [name, gradient] : gradients) reference.report_gradient("grad." + name, gradient, 1e-7);
    reference.report("grad.norms", diffusion::gradient_norms(gradients, reference.meta.at("grad_norm_order"), at::kFloat));
  }
}

void run_hf_tokenizer_case(parity::Case& reference) {
  VqganTokenizerOptions o;
  auto& n = o.networks;
  std::vector<std::int64_t> attention;
  double dropout = 0.0;
  const double commitment = 0.25;
  parity::Arguments args(reference.args(), "args");
  args.read("resolution", n.resolution_px);
  args.read("num_channels", n.channels);
  args.read("hidden_channels", n.width);
  args.read("channel_mult", n.multipliers);
  args.read("num_res_blocks", n.blocks);
  args.read("attn_resolutions", attention);
  args.read("z_channels", n.latent_channels);
  args.read("num_embeddings", o.codes);
  args.read("quantized_embed_dim", o.dim);
  args.read("dropout", dropout);
  args.done();
  if (!attention.empty() || dropout != 0.0) unknown("args.attn_resolutions or args.dropout");
  for (const auto type : {at::kFloat, at::kDouble}) {
    VqganTokenizer net(o);
    io::load_weights(net, reference.weights);
    net.to(type);
    const std::string twin = type == at::kDouble ? "_f64" : "";
    const LayerTap tap = [&](const std::string& name, const at::Tensor& x) { if (twin.empty()) reference.report("tap." + name, x.detach()); };
    const at::Tensor image = reference.in("in.image").to(type).requires_grad_(true);
    const at::Tensor z = net.latents(image, tap), rows = to_rows(z);
    const Quantized q = net.quantizer().quantize(rows);
    const at::Tensor rebuilt = net.pictures(to_maps(q.vectors), tap);
    reference.report("out.reconstruction" + twin, rebuilt.detach());
    reference.report("out.quantized" + twin, to_maps(q.looked_up).detach());
    if (!twin.empty()) continue;
    reference.report("out.indices", q.codes.flatten(1));
    // The published program puts the weight on the codebook term.
    const at::Tensor codes = commitment_loss(rows, q.looked_up).mean() + codebook_loss(rows, q.looked_up).mean() * commitment;
    const at::Tensor loss = (rebuilt - image).square().mean() + codes;
    reference.report("out.codebook_loss", codes.detach());
    reference.report("out.loss", loss.detach());
    reference.report("out.soft_code", (squared_distances(rows.flatten(0, 2), net.quantizer().codebook()) / -0.5).softmax(-1).view({rows.size(0), -1, o.codes}).detach());
    reference.report("out.decode_code", net.pictures(to_maps(look_up(q.codes.flatten(1).narrow(1, 0, 4).reshape({-1, 2, 2}), net.quantizer().codebook()))).detach());
    reference.report("grad.image", torch::autograd::grad({loss}, {image}, {}, true)[0]);
    const auto gradients = diffusion::gradients_of(loss, net);
    for (const auto& [name, gradient] : gradients) reference.report_gradient("grad." + name, gradient, 1e-7);
    reference.report("grad.norms", diffusion::gradient_norms(gradients, reference.meta.at("grad_norm_order"), at::kFloat));
  }
}

}  // namespace orrery::tokens
