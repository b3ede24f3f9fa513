#include "engine/nn/attention.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/einsum.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <cmath>

namespace orrery::nn {
namespace {

// Up to here a map of all pairs is small, and in training the products cost no more than the fused kernel's second pass.
constexpr std::int64_t kSmallMap = 256;

}  // namespace

at::Tensor pixel_attention(const at::Tensor& qkv, std::int64_t heads, QkvOrder order) {
  const auto n = qkv.size(0), channels = qkv.size(1) / 3, height = qkv.size(2), width = qkv.size(3), per_head = channels / heads, pixels = height * width;
  at::Tensor split;  // [3, N, heads, pixels, channels per head], dense, as the fast kernels want it
  switch (order) {
    case QkvOrder::head_channel_qkv: split = qkv.reshape({n, heads, per_head, 3, pixels}).permute({3, 0, 1, 4, 2}); break;
    case QkvOrder::head_qkv_channel: split = qkv.reshape({n, heads, 3, per_head, pixels}).permute({2, 0, 1, 4, 3}); break;
    case QkvOrder::qkv_head_channel: split = qkv.reshape({n, 3, heads, per_head, pixels}).permute({1, 0, 2, 4, 3}); break;
  }
  // The gradient of the keys' bias is zero but for rounding, which Adam blows up; products in this order round as published training does.
  if (at::GradMode::is_enabled() && qkv.requires_grad() && pixels <= kSmallMap && order == QkvOrder::head_channel_qkv) {
    const at::Tensor parts = qkv.reshape({n * heads, per_head, 3, pixels});
    const at::Tensor weights = at::einsum("ncq,nck->nqk", {parts.select(2, 0), parts.select(2, 1) / std::sqrt(static_cast<double>(per_head))}).softmax(2);
    return at::einsum("nqk,nck->ncq", {weights, parts.select(2, 2)}).reshape({n, channels, height, width});
  }
  split = split.contiguous();
  const at::Tensor mixed = at::scaled_dot_product_attention(split[0], split[1], split[2]);
  return mixed.transpose(2, 3).reshape({n, channels, height, width});
}

}  // namespace orrery::nn
