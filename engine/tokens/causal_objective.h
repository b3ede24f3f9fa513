// Training a causal prior on a tokenizer's codes: the negative log-likelihood of each token given those before it and the class (van den
// Oord et al. 2017, section 3.3; Esser et al. 2021, equation 9). One phase "prior"; module "net", a TokenNetwork whose tokenizer stays as it is.
#pragma once

#include <functional>
#include <memory>

#include "engine/tokens/code_store.h"
#include "engine/tokens/token_network.h"
#include "engine/train/objective.h"

namespace orrery::tokens {

class CausalObjective : public Objective {
 public:
  using MakeNetwork = std::function<std::shared_ptr<TokenNetwork>()>;
  // drop_classes: probability that a sample's class is left out.
  CausalObjective(MakeNetwork make_network, double drop_classes) : make_network_(std::move(make_network)), drop_classes_(drop_classes) {}

  TrainState make_state(Rng rng, const std::string& device) override;
  std::vector<Phase> phases() const override { return {{"prior", {"net"}, 1, 1.0, false}}; }
  PhaseLoss loss(const Phase& phase, const Batch& batch, TrainState& state, Rng rng, const StepInfo& info) override;
  std::vector<std::string> averaged() const override { return {"net"}; }

 private:
  MakeNetwork make_network_;
  double drop_classes_;
  CodeStore codes_;
};

// Mean over the tokens, per sample [N], in nats. logits [N, T, codes], tokens [N, T].
at::Tensor token_loss(const at::Tensor& logits, const at::Tensor& tokens);

}  // namespace orrery::tokens
