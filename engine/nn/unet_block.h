// The residual block of diffusion U-Nets. Sources: Ho et al. 2020 (DDPM), Song et al. 2021 (NCSN++), Dhariwal & Nichol 2021 (ADM), in the
// common form of Karras et al. 2022 (EDM), appendix F and figure 7.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "engine/nn/basic_layers.h"

namespace orrery::nn {

struct UNetBlockOptions {
  std::int64_t emb_channels = 0;
  bool up = false, down = false;
  std::int64_t heads = 0;  // of self-attention after the convolutions, 0: none
  double dropout = 0.0;
  double skip_scale = 1.0;  // multiplies every sum of a branch and its input
  double eps = 1e-5;        // of the group norms
  std::vector<double> resample_filter{1, 1};
  bool resample_proj = false;   // a 1 x 1 convolution in the skip path wherever the resolution changes
  bool adaptive_scale = true;   // the embedding scales and shifts the second norm; false: it is added before the norm
  Init init = {}, init_zero = {Init::Law::xavier_uniform, 0.0, 0.0}, init_attn = {};
};

// x -> s (skip(x) + conv1(dropout(silu(norm1 ...(conv0(silu(norm0(x)))))))), then s (x + proj(attention(qkv(norm2(x))))).
// Names: norm0, conv0, affine, norm1, conv1, skip, norm2, qkv, proj.
class UNetBlock : public torch::nn::Module {
 public:
  UNetBlock(std::int64_t in_channels, std::int64_t out_channels, const UNetBlockOptions& options);
  // x [N, in, H, W], emb [N, emb_channels]; `dropout` null: none.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& emb, Rng* dropout = nullptr) const;

  std::int64_t in_channels() const { return in_channels_; }
  std::int64_t out_channels() const { return out_channels_; }

 private:
  UNetBlockOptions options_;
  std::int64_t in_channels_, out_channels_;
  std::shared_ptr<GroupNorm> norm0_, norm1_, norm2_;
  std::shared_ptr<Conv2d> conv0_, conv1_, skip_, qkv_, proj_;
  std::shared_ptr<Linear> affine_;
};

}  // namespace orrery::nn
