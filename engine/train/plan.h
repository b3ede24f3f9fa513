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

// Adam (Kingma & Ba 2015, algorithm 1) for the parameters of some modules, each of which belongs to one optimiser.
struct OptimiserConfig {
  std::vector<std::string> modules;
  double lr = 0.002;
  double beta1 = 0.0;
  double beta2 = 0.99;
  double eps = 1e-8;
  // Lazy regularisation: with k = lazy_interval > 0 the Trainer uses lr * c, beta1^c, beta2^c with c = k / (k + 1) (StyleGAN2, appendix B).
  std::int64_t lazy_interval = 0;
  double clip_norm = 0.0;  // > 0: each module's gradients are scaled down to this total norm at most (Pascanu et al. 2013)
  double ramp_up_kimg = 0.0;  // > 0: lr grows linearly from 0 over so many pictures of the stage (Karras et al. 2022, EDM, appendix F.1)
};

struct EmaConfig {
  double half_life_kimg = 10.0;
  double ramp_up = 0.05;   // half life never above ramp_up * pictures seen; <= 0: no ramp
};

// How good the snapshots are (engine/metrics/evaluate.h), measured while the run goes on; in stats.jsonl at the snapshot's step.
struct MeasureConfig {
  std::vector<std::string> metrics;  // "fd", "kd", "pr", "swd"; empty: never
  std::int64_t every = 1;            // of so many snapshots one is measured
  std::int64_t samples = 256;        // generated pictures
};

struct Stage {
  std::string name;
  std::function<std::unique_ptr<Objective>()> make_objective;
  std::vector<OptimiserConfig> optimisers;
  EmaConfig ema;
  std::int64_t batch = 16;
  std::int64_t micro_batch = 0;  // > 0: each phase takes the batch in pieces of at most so many pictures and sums their gradients
  bool mirror = false;         // random horizontal flips of the data
  Until until{200.0, Until::Unit::kimg};
  double snapshot_kimg = 10.0;  // how often a snapshot is kept
  MeasureConfig measure;
};

// Stages run one after the other. A module of a later stage that has the name of one before takes over every weight of equal name and
// shape; averages start again from the weights.
struct Plan {
  std::vector<Stage> stages;
};

}  // namespace orrery
