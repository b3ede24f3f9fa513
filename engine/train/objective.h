// An Objective is a stage's loss, split into declared phases: which parameters a phase moves and how often it runs. Lazy
// regularisation, generator/discriminator alternation and frozen parts are therefore data, not code in the Trainer.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/device/rng.h"

namespace orrery {

// What the loader hands over: pictures as uint8 [N, C, H, W] (points as float [N, D]), labels as class weights [N, classes] float (undefined when unconditional).
struct Batch {
  at::Tensor pictures;
  at::Tensor labels;
  std::vector<std::int64_t> indices;
};

// One kind of update. Phases run in order within a step; a phase with interval k runs on steps divisible by k.
struct Phase {
  std::string name;                     // "g", "d", "g.pl", "d.r1"
  std::vector<std::string> modules;     // names in TrainState::modules whose parameters move; all others are frozen for the phase
  std::int64_t interval = 1;
  double gain = 1.0;                    // multiplies the loss (lazy regularisation: the interval)
  bool all_gradients = false;           // parameters that got no gradient count as zero (their Adam state advances)
};

// Named per-sample terms [N] (or scalars); the Trainer sums the means of `terms` (times the phase's gain) and goes back through them.
// `watched` are plain numbers for stats.jsonl.
struct PhaseLoss {
  std::map<std::string, at::Tensor> terms;
  std::map<std::string, double> watched;
};

// Where training stands, as the objective may know it.
struct StepInfo {
  std::int64_t step = 0;       // whole passes through all phases done so far
  double pictures_seen = 0.0;  // kimg * 1000
  std::int64_t batch = 0;
};

// Everything that must survive a restart besides the step: networks by name and small named tensors (p of ADA, mean path length).
struct TrainState {
  std::map<std::string, std::shared_ptr<torch::nn::Module>> modules;
  std::map<std::string, at::Tensor> tensors;
};

class Objective {
 public:
  virtual ~Objective() = default;
  // Builds the networks (random weights from `rng`) and the small tensors.
  virtual TrainState make_state(Rng rng, const std::string& device) = 0;
  virtual std::vector<Phase> phases() const = 0;
  // The loss of one phase. `rng` is a pure function of (run seed, step, phase): draw freely.
  virtual PhaseLoss loss(const Phase& phase, const Batch& batch, TrainState& state, Rng rng, const StepInfo& info) = 0;
  // After all phases of a step: adapt p, update counters. Adds to `watched` what stats should show.
  virtual void after_step(TrainState& /*state*/, const StepInfo& /*info*/, std::map<std::string, double>& /*watched*/) {}
  // Names (module names of TrainState) whose exponential moving average is what plays; the first is the model that is published.
  virtual std::vector<std::string> averaged() const = 0;
};

}  // namespace orrery
