// The two U-Nets of Karras et al. 2022 (EDM, appendix F): that of Song et al. 2021 (DDPM++ and NCSN++) and that of Dhariwal & Nichol 2021
// (ADM). Names below the root: map_noise, map_label, map_augment, map_layer0, map_layer1, enc.<res>x<res>_..., dec.<res>x<res>_..., out_*.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/nn/noise_embedding.h"
#include "engine/nn/raw_network.h"
#include "engine/nn/unet_block.h"

namespace orrery::nn {

struct UNetOptions {
  std::int64_t resolution_px = 32;  // gives the levels their names and says where attention goes; other sizes pass through too
  std::int64_t in_channels = 3, out_channels = 3;
  std::int64_t label_dim = 0;    // classes
  std::int64_t augment_dim = 0;  // of the augmentation label
  std::int64_t model_channels = 128;
  std::vector<std::int64_t> channel_mult{1, 2, 2, 2};  // one level each, by 2 smaller than the one before
  std::int64_t channel_mult_emb = 4;
  std::int64_t num_blocks = 4;  // per level on the way down, one more on the way up
  std::vector<std::int64_t> attn_resolutions{16};
  double dropout = 0.1;
};

struct SongUNetOptions : UNetOptions {
  enum class Embedding { positional, fourier };
  enum class Encoder { standard, skip, residual };
  enum class Decoder { standard, skip };
  Embedding embedding = Embedding::positional;
  std::int64_t channel_mult_noise = 1;
  Encoder encoder = Encoder::standard;
  Decoder decoder = Decoder::standard;
  std::vector<double> resample_filter{1, 1};
};

// DDPM++ with the defaults; NCSN++ with a Fourier embedding, channel_mult_noise 2, a residual encoder and the filter [1, 3, 3, 1].
class SongUNet : public RawNetwork {
 public:
  explicit SongUNet(const SongUNetOptions& options);
  at::Tensor forward(const NetworkInput& input, const LayerTap& tap = {}) override;

 private:
  enum class Role { conv, block, joined_block, aux_down, aux_skip, aux_residual, aux_up, aux_norm, aux_conv };
  struct Layer {
    std::string name;
    Role role;
    std::shared_ptr<UNetBlock> block;
    std::shared_ptr<Conv2d> conv;
    std::shared_ptr<GroupNorm> norm;
  };
  UNetBlockOptions block_options(bool attention) const;
  void build_encoder();
  void build_decoder();
  void add(bool encoder, const std::string& name, Layer layer);
  at::Tensor embed(const NetworkInput& input, const LayerTap& tap) const;

  SongUNetOptions options_;
  std::int64_t emb_channels_, width_ = 0;  // width_: channels of the newest layer while building
  std::vector<std::int64_t> skip_channels_;
  std::shared_ptr<torch::nn::Module> enc_, dec_;
  std::vector<Layer> encoder_, decoder_;
  std::shared_ptr<FourierEmbedding> map_noise_;
  std::shared_ptr<Linear> map_label_, map_augment_, map_layer0_, map_layer1_;
};

// ADM: positional embedding, adaptive group norm, heads of 64 channels (a level of fewer has no attention).
class DhariwalUNet : public RawNetwork {
 public:
  explicit DhariwalUNet(const UNetOptions& options);
  at::Tensor forward(const NetworkInput& input, const LayerTap& tap = {}) override;

 private:
  struct Layer {
    std::string name;
    std::shared_ptr<UNetBlock> block;  // null: the first convolution
    bool joined = false;               // takes a skip connection
  };
  std::shared_ptr<UNetBlock> make_block(torch::nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, bool attention, bool up, bool down) const;
  at::Tensor embed(const NetworkInput& input, const LayerTap& tap) const;

  UNetOptions options_;
  std::int64_t emb_channels_;
  std::shared_ptr<torch::nn::Module> enc_, dec_;
  std::shared_ptr<Conv2d> first_;
  std::vector<Layer> encoder_, decoder_;
  std::shared_ptr<Linear> map_label_, map_augment_, map_layer0_, map_layer1_;
  std::shared_ptr<GroupNorm> out_norm_;
  std::shared_ptr<Conv2d> out_conv_;
};

}  // namespace orrery::nn
