// Training VQ-VAE's tokenizer (van den Oord et al. 2017, equation 3): the squared error of the picture, the codebook term or running means,
// and the commitment term. One phase "tokenizer"; module "net", a TokenNetwork whose prior stays as it is.
#pragma once

#include <functional>
#include <memory>

#include "engine/tokens/token_network.h"
#include "engine/train/objective.h"

namespace orrery::tokens {

struct TokenizerOptions {
  double commitment = 0.25;
  // Codes whose running count per batch falls below `restart_below` begin anew at latents of the batch, every `restart_every` steps
  // (Dhariwal et al. 2020, Jukebox, section 3.1); 0: never. At the first step all do.
  double restart_below = 0.03;
  std::int64_t restart_every = 50;
};

class TokenizerObjective : public Objective {
 public:
  using MakeNetwork = std::function<std::shared_ptr<TokenNetwork>()>;
  // The network's tokenizer is a VqVaeAutoencoder.
  TokenizerObjective(MakeNetwork make_network, const TokenizerOptions& options) : make_network_(std::move(make_network)), options_(options) {}

  TrainState make_state(Rng rng, const std::string& device) override;
  std::vector<Phase> phases() const override { return {{"tokenizer", {"net"}, 1, 1.0, false}}; }
  PhaseLoss loss(const Phase& phase, const Batch& batch, TrainState& state, Rng rng, const StepInfo& info) override;
  void after_step(TrainState& state, const StepInfo& info, std::map<std::string, double>& watched) override;
  std::vector<std::string> averaged() const override { return {"net"}; }

 private:
  MakeNetwork make_network_;
  TokenizerOptions options_;
};

}  // namespace orrery::tokens
