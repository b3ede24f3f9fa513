// The operators of this folder composed of ordinary ATen calls, as the reference implementations compose them where their own kernels
// are missing: what the tests compare with, and the peer of the benchmarks. Differentiable by ATen.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "kernels/adam_step/adam_step.h"
#include "kernels/bias_act/bias_act.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

namespace orrery::kernels::plain {

// Add, activation, multiply, clamp: one call each.
at::Tensor bias_act(const at::Tensor& x, const at::Tensor& b, const BiasAct& options);
// Insert zeros, pad, crop, convolve each channel by itself, keep every down-th pixel.
at::Tensor upfirdn2d(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& options);
// Scale, clamp, add alpha, permute, convert: [C, H, W] -> uint8 [H, W, 4].
at::Tensor to_rgba8(const at::Tensor& x);
// Distances |x|^2 - 2 x e + |e|^2 of every row to every code, then the least: x [M, D], codebook [K, D] -> int64 [M].
at::Tensor nearest_code(const at::Tensor& x, const at::Tensor& codebook);
// One tensor after the other, as torch::optim::Adam does it.
void adam_step(const std::vector<at::Tensor>& params, const std::vector<at::Tensor>& grads, const std::vector<at::Tensor>& m,
               const std::vector<at::Tensor>& v, std::int64_t step, const Adam& options);
void ema_step(const std::vector<at::Tensor>& ema, const std::vector<at::Tensor>& params, double weight);

}  // namespace orrery::kernels::plain
