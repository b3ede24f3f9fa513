// adam_step: Adam (Kingma & Ba 2015, algorithm 1) over a list of tensors, one pass over memory, in place.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace orrery::kernels {

struct Adam {
  double lr = 0.002;
  double beta1 = 0.0;
  double beta2 = 0.99;
  double eps = 1e-8;
  bool replace_non_finite = true;  // gradients: NaN -> 0, +-Inf -> +-1e5
};

// params, grads, m, v: equal shapes, float32 or float64, contiguous; `step` counts from 1. An undefined gradient skips its tensor.
void adam_step(const std::vector<at::Tensor>& params, const std::vector<at::Tensor>& grads, const std::vector<at::Tensor>& m,
               const std::vector<at::Tensor>& v, std::int64_t step, const Adam& options);
// ema <- ema + (param - ema) * weight, for every pair.
void ema_step(const std::vector<at::Tensor>& ema, const std::vector<at::Tensor>& params, double weight);

}  // namespace orrery::kernels
