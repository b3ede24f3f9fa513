// The device functions behind adam_step and ema_step. Inner header.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "kernels/adam_step/adam_step.h"
#include "kernels/dispatch.h"

namespace orrery::kernels {

// All lists hold tensors of one device; undefined gradients were taken out.
using AdamStep = void(const std::vector<at::Tensor>& params, const std::vector<at::Tensor>& grads, const std::vector<at::Tensor>& m,
                      const std::vector<at::Tensor>& v, std::int64_t step, const Adam& options);
using EmaStep = void(const std::vector<at::Tensor>& ema, const std::vector<at::Tensor>& params, double weight);
extern Op<AdamStep> adam_step_op;
extern Op<EmaStep> ema_step_op;

}  // namespace orrery::kernels
