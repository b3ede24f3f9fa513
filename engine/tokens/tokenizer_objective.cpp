#include "engine/tokens/tokenizer_objective.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "engine/nn/reset.h"
#include "engine/tokens/code_statistics.h"
#include "engine/tokens/picture_range.h"
#include "engine/tokens/vqvae_autoencoder.h"

namespace orrery::tokens {
namespace {

constexpr double kUsageDecay = 0.99;
constexpr double kLeastUse = 0.01;  // where codes never begin anew, those chosen less often than so many times a batch count as dead
constexpr std::int64_t kExamplesEvery = 16;

VqVaeAutoencoder& tokenizer_of(TokenNetwork& net) { return dynamic_cast<VqVaeAutoencoder&>(*net.tokenizer); }

// Codes at random places among the latents.
void restart(Quantizer& quantizer, at::Tensor& usage, const at::Tensor& codes, const at::Tensor& rows, Rng rng) {
  const at::Tensor latents = rows.detach().reshape({-1, rows.size(-1)});
  const at::Tensor draws = rng.uniform({codes.numel()}, at::TensorOptions().dtype(at::kDouble).device(codes.device()));
  const at::Tensor which = (draws * static_cast<double>(latents.size(0))).to(at::kLong).clamp_max(latents.size(0) - 1);
  quantizer.restart(codes, latents.index_select(0, which), 1.0);
  usage.index_fill_(0, codes, 1.0);
}

}  // namespace

// "usage": running counts per batch. "examples": the pictures that a snapshot shows as the tokenizer has them.
TrainState TokenizerObjective::make_state(Rng rng, const std::string& device) {
  const auto net = make_network_();
  nn::reset_all(*net, rng.fork("net"));
  net->set_prior_ready(false);
  net->to(at::Device(device));
  const AutoencoderShape shape = net->tokenizer->shape();
  TrainState state;
  state.modules = {{"net", net}};
  state.tensors["usage"] = at::ones({net->codes()}, at::TensorOptions().device(device));
  state.tensors["examples"] = at::zeros({TokenNetwork::kExamples, shape.channels, shape.resolution_px, shape.resolution_px}, at::TensorOptions().dtype(at::kByte).device(device));
  return state;
}

PhaseLoss TokenizerObjective::loss(const Phase&, const Batch& batch, TrainState& state, Rng rng, const StepInfo& info) {
  auto& net = dynamic_cast<TokenNetwork&>(*state.modules.at("net"));
  auto& tokenizer = tokenizer_of(net);
  Quantizer& quantizer = tokenizer.quantizer();
  at::Tensor& usage = state.tensors.at("usage");
  const at::Tensor pictures = to_range(batch.pictures, net.tokenizer->parameters().front().options().requires_grad(false));
  if (info.step == 0) {
    const at::NoGradGuard no_grad;
    restart(quantizer, usage, at::arange(net.codes(), usage.options().dtype(at::kLong)), to_rows(net.tokenizer->encode(pictures).front()), rng.fork("first"));
    const std::int64_t count = std::min(TokenNetwork::kExamples, batch.pictures.size(0));
    for (std::int64_t i = 0; i < TokenNetwork::kExamples; ++i) state.tensors.at("examples")[i].copy_(batch.pictures[i % count]);
  }
  const TokenizerPass pass = tokenizer_pass(tokenizer, pictures);
  PhaseLoss out;
  out.terms["picture"] = pass.squares;
  out.terms["commitment"] = pass.commitment * options_.commitment;
  if (pass.codebook.defined()) out.terms["codebook"] = pass.codebook;

  const at::NoGradGuard no_grad;
  const at::Tensor counts = count_codes(pass.quantized.codes, net.codes());
  quantizer.update(pass.rows, pass.quantized.codes);
  track_usage(usage, counts, kUsageDecay);
  watch_codes(out.watched, counts, usage, options_.restart_below > 0.0 ? options_.restart_below : kLeastUse);
  if (options_.restart_below > 0.0 && (info.step + 1) % options_.restart_every == 0) {
    const at::Tensor dead = dead_codes(usage, options_.restart_below);
    out.watched["codes.restarted"] = static_cast<double>(dead.numel());
    if (dead.numel() > 0) restart(quantizer, usage, dead, pass.rows, rng.fork("restart"));
  }
  return out;
}

void TokenizerObjective::after_step(TrainState& state, const StepInfo& info, std::map<std::string, double>& /*watched*/) {
  auto& net = dynamic_cast<TokenNetwork&>(*state.modules.at("net"));
  if (info.step % kExamplesEvery == 1) net.set_examples(net.tokens_of(to_range(state.tensors.at("examples"), net.tokenizer->parameters().front().options().requires_grad(false))));
}

}  // namespace orrery::tokens
