// A Plan is how a system is trained: an ordered list of stages, each an objective with its optimiser, averages and stop rule.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/api/training.h"
#include "engine/train/objective.h"

namespace orrery {

// Adam (Kingma & Ba 2015, algorithm 1) for the parameters of some modules. Lazy regularisation corrects lr and betas by
// c = interval / (interval + 1) where the phase list asks for it (StyleGAN2, appendix B).
struct OptimiserConfig {
  std::vector<std::string> modules;
  double lr = 0.002;
  double beta1 = 0.0;
  double beta2 = 0.99;
  double eps = 1e-8;
};

struct EmaConfig {
  double half_life_kimg = 10.0;
  double ramp_up = 0.05;   // half life never above ramp_up * pictures seen; <= 0: no ramp
};

struct Stage {
  std::string name;
  std::function<std::unique_ptr<Objective>()> make_objective;
  std::vector<OptimiserConfig> optimisers;
  EmaConfig ema;
  std::int64_t batch = 16;
  bool mirror = false;         // random horizontal flips of the data
  Until until{200.0, Until::Unit::kimg};
  double snapshot_kimg = 10.0;  // how often a snapshot is kept
};

struct Plan {
  std::vector<Stage> stages;
};

}  // namespace orrery
