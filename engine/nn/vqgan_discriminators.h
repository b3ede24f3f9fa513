// Discriminators of tokenizers. StyleGAN's residual one with blur pooling (Karras et al. 2020, StyleGAN2, figure 7; Zhang 2019), as MaskGIT's
// tokenizer has it, and PatchGAN (Isola et al. 2017, appendix 6.1.2), as VQGAN has it.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/kinds/layer_tap.h"
#include "engine/nn/basic_layers.h"

namespace orrery::nn {

// Binomial low-pass of `taps` x `taps` (sum 1), every second pixel; zero padding so that ceil(size / 2) comes out. Differentiable twice.
at::Tensor blur_pool(const at::Tensor& x, std::int64_t taps);

struct ResidualDiscriminatorOptions {
  std::int64_t channels = 3;
  std::int64_t image_px = 256;                  // a power of two, at least 8
  std::map<std::int64_t, std::int64_t> widths;  // by resolution, from 4 to image_px; a missing one: min(512, 16384 / resolution)
  bool blur = true;                             // false: average pooling
};

// pictures [N, channels, image_px, image_px] -> [N, 1]. Names: conv_in, blocks.<k>.{conv0,skip,conv1}, conv_out, dense0, dense1.
class ResidualDiscriminator : public torch::nn::Module {
 public:
  explicit ResidualDiscriminator(const ResidualDiscriminatorOptions& options);
  ~ResidualDiscriminator() override;
  at::Tensor forward(const at::Tensor& pictures, const LayerTap& tap = {}) const;

 private:
  struct Block;
  std::shared_ptr<Conv2d> conv_in_, conv_out_;
  std::vector<std::shared_ptr<Block>> blocks_;
  std::shared_ptr<Linear> dense0_, dense1_;
  bool blur_;
};

// Weights by the published flax names to and from ours; `to` takes gradients as well. The first dense layer sees pixels in rows and channels
// innermost there, channels outermost here. Throw Error(bad_input).
std::map<std::string, at::Tensor> residual_discriminator_from_flax(const std::map<std::string, at::Tensor>& weights, std::int64_t blocks);
std::map<std::string, at::Tensor> residual_discriminator_to_flax(const std::map<std::string, at::Tensor>& weights, std::int64_t blocks);

struct PatchDiscriminatorOptions {
  std::int64_t channels = 3;
  std::int64_t width = 64;
  std::int64_t layers = 3;   // strided convolutions
  bool act_norm = false;     // data-initialised scale and shift (Kingma & Dhariwal 2018) instead of batch normalisation
};

// pictures [N, channels, H, W] -> [N, 1, h, w]: one logit a patch. Names: main.<k>. In training mode batch statistics are used and the running
// ones follow (momentum 0.1), and the first batch sets scale and shift of an act norm. Weights start as N(0, 0.02), gains as N(1, 0.02).
class PatchDiscriminator : public torch::nn::Module {
 public:
  explicit PatchDiscriminator(const PatchDiscriminatorOptions& options);
  at::Tensor forward(const at::Tensor& pictures) const;

 private:
  std::vector<std::function<at::Tensor(const at::Tensor&)>> steps_;
};

}  // namespace orrery::nn
