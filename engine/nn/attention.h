// Self-attention over the pixels of a picture.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace orrery::nn {

// The order of the channels of a joint query-key-value map.
enum class QkvOrder {
  head_channel_qkv,  // [heads, channels per head, 3]: Karras et al. 2022 (EDM)
  head_qkv_channel,  // [heads, 3, channels per head]: Dhariwal & Nichol 2021 (ADM), "legacy"
  qkv_head_channel,  // [3, heads, channels per head]: the new order of ADM, consistency models
};

// qkv [N, 3 C, H, W] -> [N, C, H, W]: for each head softmax(q k^T / sqrt(C / heads)) v over all pixels, by ATen's
// scaled_dot_product_attention (small maps in training: by matrix products). float32 or float64, differentiable.
at::Tensor pixel_attention(const at::Tensor& qkv, std::int64_t heads, QkvOrder order = QkvOrder::head_channel_qkv);

}  // namespace orrery::nn
