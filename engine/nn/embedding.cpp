#include "engine/nn/embedding.h"

#include <ATen/ops/embedding.h>
#include <ATen/ops/zeros.h>

namespace orrery::nn {

Embedding::Embedding(std::int64_t rows, std::int64_t dim, double scale, Start start) : scale_(scale), start_(start) { weight = register_parameter("weight", at::zeros({rows, dim})); }

at::Tensor Embedding::forward(const at::Tensor& numbers) const { return at::embedding(weight, numbers); }

void Embedding::reset_weights(Rng rng) {
  const auto options = weight.options().requires_grad(false);
  Rng own = rng.fork("weight");
  if (start_ == Start::normal) weight.copy_(own.normal(weight.sizes(), options).mul_(scale_));
  else weight.copy_(own.uniform(weight.sizes(), options).mul_(2.0 * scale_).sub_(scale_));
}

}  // namespace orrery::nn
