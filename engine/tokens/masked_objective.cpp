#include "engine/tokens/masked_objective.h"

#include <ATen/ops/where.h>

#include "engine/nn/reset.h"
#include "engine/tokens/masked_decoding.h"
#include "engine/tokens/token_losses.h"

namespace orrery::tokens {

TrainState MaskedObjective::make_state(Rng rng, const std::string& device) {
  const auto net = make_network_();
  nn::reset_all(*net, rng.fork("net"));
  net->to(at::Device(device));
  TrainState state;
  state.modules["net"] = net;
  return state;
}

PhaseLoss MaskedObjective::loss(const Phase&, const Batch& batch, TrainState& state, Rng rng, const StepInfo&) {
  auto& net = dynamic_cast<TokenNetwork&>(*state.modules.at("net"));
  net.set_prior_ready(true);
  const at::Tensor tokens = store_.codes_of(net, batch.pictures);
  const at::Tensor mask = random_mask(tokens.size(0), tokens.size(1), options_.schedule, options_.least_masked, rng.fork("mask")).to(tokens.device());
  TokenCondition condition;
  if (batch.labels.defined() && net.prior->shape().classes > 0) {
    const at::Tensor kept = rng.fork("classes").uniform({tokens.size(0), 1}, at::kFloat).ge(options_.drop_classes);
    condition.classes = batch.labels.to(at::kFloat) * kept.to(batch.labels.device(), at::kFloat);
  }
  Rng dropout = rng.fork("dropout");
  condition.dropout = &dropout;
  const at::Tensor logits = net.prior->logits(at::where(mask, kMasked, tokens), condition);
  PhaseLoss out;
  out.terms["prior"] = masked_cross_entropy(logits, tokens, mask.to(logits.scalar_type()), options_.smoothing);
  out.watched["masked"] = mask.to(at::kDouble).mean().item<double>();
  out.watched["accuracy"] = (logits.detach().argmax(-1).eq(tokens).logical_and(mask)).sum().item<double>() / mask.sum().item<double>();
  return out;
}

}  // namespace orrery::tokens
