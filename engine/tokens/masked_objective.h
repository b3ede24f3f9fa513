// Training a masked TokenModel: predict the tokens that are masked, a random part of them (Chang et al. 2022, MaskGIT, section 3.2). One phase "prior";
// module "net" (a TokenNetwork whose tokenizer stands still).
#pragma once

#include <functional>
#include <memory>

#include "engine/tokens/code_store.h"
#include "engine/tokens/mask_schedule.h"
#include "engine/tokens/token_network.h"
#include "engine/train/objective.h"

namespace orrery::tokens {

struct MaskedTraining {
  MaskSchedule schedule = MaskSchedule::named("cosine");
  double least_masked = 0.5;     // part of the tokens that is masked at least
  double smoothing = 0.1;        // of labels
  double drop_classes = 0.1;     // probability that a picture's class is left out
};

class MaskedObjective : public Objective {
 public:
  using MakeNetwork = std::function<std::shared_ptr<TokenNetwork>()>;
  MaskedObjective(MakeNetwork make_network, const MaskedTraining& options) : make_network_(std::move(make_network)), options_(options) {}

  TrainState make_state(Rng rng, const std::string& device) override;
  std::vector<Phase> phases() const override { return {{"prior", {"net"}, 1, 1.0, false}}; }
  PhaseLoss loss(const Phase& phase, const Batch& batch, TrainState& state, Rng rng, const StepInfo& info) override;
  std::vector<std::string> averaged() const override { return {"net"}; }

 private:
  MakeNetwork make_network_;
  MaskedTraining options_;
  CodeStore store_;
};

}  // namespace orrery::tokens
