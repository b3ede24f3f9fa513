// A table of vectors that whole numbers look up. Name of its weight: weight.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>

#include "engine/nn/reset.h"

namespace orrery::nn {

class Embedding : public torch::nn::Module, public Resettable {
 public:
  enum class Start { normal, uniform };
  // Values start as N(0, scale^2) or U(-scale, scale).
  Embedding(std::int64_t rows, std::int64_t dim, double scale = 1.0, Start start = Start::normal);
  // numbers int64 [...] in [0, rows) -> [..., dim]
  at::Tensor forward(const at::Tensor& numbers) const;
  void reset_weights(Rng rng) override;

  at::Tensor weight;  // [rows, dim]

 private:
  double scale_;
  Start start_;
};

}  // namespace orrery::nn
