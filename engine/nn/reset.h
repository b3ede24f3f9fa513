// Random weights from a counter-based stream, so that equal seeds give equal networks on every machine.
#pragma once

#include <torch/nn/module.h>

#include "engine/device/rng.h"

namespace orrery::nn {

// A module with parameters of its own (not its children's) that knows how they start.
class Resettable {
 public:
  virtual ~Resettable() = default;
  virtual void reset_weights(Rng rng) = 0;
};

// Calls reset_weights on `root` and all modules below it; each gets the stream forked by its dotted name.
void reset_all(torch::nn::Module& root, const Rng& rng);

}  // namespace orrery::nn
