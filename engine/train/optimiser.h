// Adam's memory for all networks of a stage: one slot per parameter.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "engine/train/plan.h"
#include "kernels/adam_step/adam_step.h"

namespace orrery {

// What kernels::adam_step is given: lr times lr_scale, corrected for lazy regularisation.
kernels::Adam corrected_adam(const OptimiserConfig& config, double lr_scale = 1.0);

// The norm of all gradients as one vector; parameters without one count as zero.
double gradient_norm(const std::vector<at::Tensor>& parameters);

// The factor of lr when `pictures_seen` pictures of the stage have been seen: min(seen / ramp, 1).
double ramp_up(const OptimiserConfig& config, double pictures_seen);

class Optimiser {
 public:
  // Throws Error(failed) when a module belongs to no or to two optimisers, or does not exist.
  Optimiser(const std::vector<OptimiserConfig>& configs, const TrainState& state);

  // Moves the parameters of `modules` by their gradients and drops these. A parameter without a gradient stays as it is, or, with
  // `all_gradients`, moves as with a gradient of zero. Gradients that are not finite are replaced (kernels/adam_step).
  void step(const std::vector<std::string>& modules, bool all_gradients, double lr_scale, double pictures_seen = std::numeric_limits<double>::infinity());

  // Moments "adam.m/<module>/<parameter>", "adam.v/..." in the parameters' shapes and step counts "adam.steps/<module>" int64 [parameters].
  void save(std::map<std::string, at::Tensor>& out) const;
  // Throws Error(bad_input) when something is missing or has another shape.
  void load(const std::map<std::string, at::Tensor>& in);

 private:
  struct Slot {
    std::string name;
    at::Tensor parameter, m, v;
    std::int64_t steps = 0;
    at::Tensor zero;  // made when first needed
  };
  struct Group {
    OptimiserConfig config;
    std::vector<Slot> slots;
  };
  std::map<std::string, Group> groups_;  // by module
};

}  // namespace orrery
