#include "engine/tokens/causal_objective.h"

#include <ATen/ops/log_softmax.h>

#include <cmath>

#include "engine/nn/reset.h"

namespace orrery::tokens {

at::Tensor token_loss(const at::Tensor& logits, const at::Tensor& tokens) {
  return -at::log_softmax(logits, -1).gather(-1, tokens.unsqueeze(-1)).squeeze(-1).mean(1);
}

TrainState CausalObjective::make_state(Rng rng, const std::string& device) {
  const auto net = make_network_();
  nn::reset_all(*net, rng.fork("net"));
  net->to(at::Device(device));
  TrainState state;
  state.modules = {{"net", net}};
  return state;
}

PhaseLoss CausalObjective::loss(const Phase&, const Batch& batch, TrainState& state, Rng rng, const StepInfo&) {
  auto& net = dynamic_cast<TokenNetwork&>(*state.modules.at("net"));
  net.set_prior_ready(true);
  const at::Tensor tokens = codes_.codes_of(net, batch.pictures);
  TokenCondition condition;
  if (batch.labels.defined() && net.prior->shape().classes > 0) {
    condition.classes = batch.labels;
    if (drop_classes_ > 0.0) {
      Rng keep = rng.fork("keep");
      condition.classes = batch.labels * keep.uniform({batch.labels.size(0), 1}, batch.labels.options()).ge(drop_classes_);
    }
  }
  Rng dropout = rng.fork("dropout");
  condition.dropout = &dropout;
  PhaseLoss out;
  out.terms["tokens"] = token_loss(net.prior->logits(tokens, condition), tokens);
  out.watched["bits_per_token"] = out.terms["tokens"].detach().mean().item<double>() / std::log(2.0);
  return out;
}

}  // namespace orrery::tokens
