// Convolutional encoder and decoder of VQGAN (Esser et al. 2021, section 3.1 and appendix A) and of MaskGIT's tokenizer (Chang et al. 2022,
// section 3.1), which has no attention. Names: encoder.{conv_in, down.<level>.{block,attn}.<k>, norm_out, conv_out}, decoder.{conv_in,
// up.<level>.{block,attn}.<k>, norm_out, conv_out}; vqgan: mid.{block_1,attn_1,block_2}, down.<level>.downsample.conv, up.<level>.upsample.conv;
// maskgit: mid.<k>, down.<level>.downsample, up.<level>.upsample_conv.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/kinds/layer_tap.h"

namespace orrery::nn {

struct VqganOptions {
  enum class Style {
    vqgan,   // biases everywhere, attention, one more block per level on the way up, strided 3 x 3 convolutions down
    maskgit  // no biases inside blocks; a block's shortcut convolution sees the block's own result, as published; average pooling down
  };
  Style style = Style::maskgit;
  std::int64_t channels = 3;         // of the pictures
  std::int64_t latent_channels = 256;  // what the encoder ends with and the decoder begins with
  std::int64_t width = 128;          // channels of level 0
  std::vector<std::int64_t> multipliers{1, 1, 2, 2, 4};  // one level each, by 2 smaller than the one before
  std::int64_t blocks = 2;           // per level
  std::int64_t resolution_px = 256;  // attention stands where a level of such a picture has one of attention_px; other sizes pass through too
  std::vector<std::int64_t> attention_px{};
  bool layer_norm = false;    // over the channels of each pixel, instead of over 32 groups of channels; style maskgit
  bool relu = false;          // instead of x sigmoid(x); style maskgit
  bool strided_down = false;  // style maskgit: 4 x 4 convolutions with stride 2 instead of average pooling
};

// Throws Error(wrong_use) for widths that the normalisation cannot divide.
void check_vqgan(const VqganOptions& options);

// pictures [N, channels, H, W] of any range and any size (odd ones round up, style maskgit) -> [N, latent_channels, H / f, W / f].
class VqganEncoder : public torch::nn::Module {
 public:
  explicit VqganEncoder(const VqganOptions& options);
  ~VqganEncoder() override;
  at::Tensor forward(const at::Tensor& pictures, const LayerTap& tap = {}) const;

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

// latents [N, latent_channels, h, w] -> [N, channels, h f, w f].
class VqganDecoder : public torch::nn::Module {
 public:
  explicit VqganDecoder(const VqganOptions& options);
  ~VqganDecoder() override;
  at::Tensor forward(const at::Tensor& latents, const LayerTap& tap = {}) const;
  const at::Tensor& last_weight() const;  // of conv_out: where the adaptive weight of the adversarial loss looks

 private:
  struct Parts;
  std::shared_ptr<Parts> parts_;
};

// Style maskgit: weights by the names of the published flax code ("params/encoder/ResBlock_0/Conv_0/kernel", kernels HWIO,
// "params/quantizer/codebook") to and from ours ("encoder.down.0.block.0.conv1.weight", "quantize.embedding.weight"). `to` takes gradients as
// well. Throw Error(bad_input) naming what is missing or not known.
std::map<std::string, at::Tensor> vqgan_from_flax(const std::map<std::string, at::Tensor>& weights, const VqganOptions& options);
std::map<std::string, at::Tensor> vqgan_to_flax(const std::map<std::string, at::Tensor>& weights, const VqganOptions& options);
// Modules that both know: own -> flax ("encoder.down.0.block.0" -> "encoder/ResBlock_0").
std::map<std::string, std::string> vqgan_flax_modules(const VqganOptions& options);

}  // namespace orrery::nn
