// The contract of a discriminator: pictures -> logits. Trained with a Generator (engine/kinds/generator.h), never played alone.
#pragma once

#include "engine/kinds/generator.h"

namespace orrery {

class Discriminator : public torch::nn::Module {
 public:
  // images [N, C, H, W] nominally in [-1, 1]; c [N, classes] class weights or undefined -> logits [N, 1] (or [N, M] for M heads).
  virtual at::Tensor forward(const at::Tensor& images, const at::Tensor& c, const LayerTap& tap = {}) = 0;
};

}  // namespace orrery
