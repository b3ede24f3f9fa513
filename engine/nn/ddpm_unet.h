// The U-Net of Ho et al. 2020 (DDPM, appendix B), which Song et al. 2021 (DDIM) share: predicts the noise in x_t. Names: temb.dense.<k>, conv_in,
// down.<level>.{block,attn}.<k>, down.<level>.downsample.conv, mid.{block_1,attn_1,block_2}, up.<level>.{block,attn}.<k>, up.<level>.upsample.conv,
// norm_out, conv_out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/nn/basic_layers.h"
#include "engine/nn/raw_network.h"

namespace orrery::nn {

struct DdpmUnetOptions {
  std::int64_t resolution_px = 32;  // attention stands where a level has one of attn_resolutions; other sizes pass through too
  std::int64_t in_channels = 3, out_channels = 3;
  std::int64_t channels = 128;      // of level 0, a multiple of norm_groups
  std::vector<std::int64_t> channel_mult{1, 2, 2, 2};  // one level each, by 2 smaller than the one before
  std::int64_t num_blocks = 2;      // per level on the way down, one more on the way up
  std::vector<std::int64_t> attn_resolutions{16};
  double dropout = 0.1;
  bool resample_with_conv = true;   // false: average pooling down, nothing after the nearest neighbours up
  std::int64_t norm_groups = 32;    // as published. With as many groups as channels the norm after the time embedding removes it again
};

// sin || cos of t f_k, f_k = 10000^(-k / (dim / 2 - 1)). t [N] -> [N, dim] in the type of t. The frequencies are computed in that type, in the
// published order: at t = 999 one unit in the last place of a float32 frequency moves the angle by 6e-5.
at::Tensor timestep_embedding(const at::Tensor& t, std::int64_t dim);

class DdpmUnet : public RawNetwork {
 public:
  explicit DdpmUnet(const DdpmUnetOptions& options);
  ~DdpmUnet() override;
  // input.noise: the timestep. x [N, in, H, W] -> [N, out, H, W].
  at::Tensor forward(const NetworkInput& input, const LayerTap& tap = {}) override;

 private:
  struct Block;
  struct Attention;
  struct Level;
  struct Pass;
  std::vector<std::int64_t> skip_widths() const;
  void build_down();
  void build_up();

  DdpmUnetOptions options_;
  std::vector<std::shared_ptr<Level>> down_, up_;  // by level; up_ runs from the last to the first
  std::shared_ptr<Linear> dense0_, dense1_;
  std::shared_ptr<Conv2d> conv_in_, conv_out_;
  std::shared_ptr<Block> middle1_, middle2_;
  std::shared_ptr<Attention> middle_attention_;
  std::shared_ptr<GroupNorm> norm_out_;
};

}  // namespace orrery::nn
