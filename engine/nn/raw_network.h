// A network that sees a noisy sample and a number that tells how noisy: what preconditioning is wrapped around (EDM's F, equation 7).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include "engine/device/rng.h"
#include "engine/kinds/layer_tap.h"

namespace orrery::nn {

struct NetworkInput {
  at::Tensor x;         // [N, sample...]
  at::Tensor noise;     // [N] the noise label
  at::Tensor classes;   // [N or 1, classes] class weights; undefined: none (networks without classes)
  at::Tensor augment;   // [N, augment_dim]; undefined: none
  Rng* dropout = nullptr;  // training: where dropout masks are drawn from; null: no dropout
};

class RawNetwork : public torch::nn::Module {
 public:
  // Everything in the type of the parameters. Returns [N, outputs, ...].
  virtual at::Tensor forward(const NetworkInput& input, const LayerTap& tap = {}) = 0;
};

}  // namespace orrery::nn
