// The StyleGAN2 discriminator. Source: Karras et al. 2020 (StyleGAN2), figure 7; class conditioning by projection of Miyato & Koyama 2018
// (equation 3, without the unconditional term) as in StyleGAN2-ADA (Karras et al. 2020a).
#pragma once

#include <memory>
#include <vector>

#include "engine/gan/discriminator.h"
#include "engine/nn/conv_layer.h"
#include "engine/nn/linear.h"
#include "engine/nn/style_mapping.h"
#include "engine/nn/stylegan2_generator.h"

namespace orrery::nn {

struct DiscriminatorOptions {
  std::int64_t c_dim = 0;
  std::int64_t resolution_px = 1024;
  std::int64_t channels = 3;
  Architecture architecture = Architecture::resnet;
  std::int64_t channel_base = 32768;
  std::int64_t channel_max = 512;
  double conv_clamp = -1.0;   // < 0: none
  std::int64_t cmap_dim = 0;  // 0: the channels at 4x4; unused without classes
  kernels::Activation activation = kernels::Activation::lrelu;
  std::vector<double> resample_filter{1, 3, 3, 1};
  MappingOptions mapping;           // of the label path: layers, embed_features, layer_features, activation, lr_multiplier
  std::int64_t mbstd_group = 4;     // 0: the whole batch
  std::int64_t mbstd_channels = 1;  // 0: no minibatch standard deviation
};

// One resolution. Names: fromrgb (highest resolution or skip), conv0, conv1, skip (resnet), resample_filter.
class DiscriminatorBlock : public torch::nn::Module {
 public:
  DiscriminatorBlock(const DiscriminatorOptions& options, std::int64_t in_channels, std::int64_t mid_channels, std::int64_t out_channels,
                     std::int64_t resolution_px);
  std::int64_t resolution_px;
  at::Tensor resample_filter;
  std::shared_ptr<ConvLayer> fromrgb, conv0, conv1, skip;
};

// 4x4. Names: fromrgb (skip), conv, fc, out.
class DiscriminatorEpilogue : public torch::nn::Module {
 public:
  DiscriminatorEpilogue(const DiscriminatorOptions& options, std::int64_t channels, std::int64_t cmap_dim);
  std::shared_ptr<ConvLayer> fromrgb, conv;
  std::shared_ptr<EqualLinear> fc, out;
};

// Names: b{resolution} ... b8, b4, mapping (with classes).
class StyleGan2Discriminator : public Discriminator {
 public:
  explicit StyleGan2Discriminator(const DiscriminatorOptions& options);
  // images [N, channels, res, res], c [N, c_dim] or undefined -> logits [N, 1]
  at::Tensor forward(const at::Tensor& images, const at::Tensor& c, const LayerTap& tap = {}) override;
  const DiscriminatorOptions& options() const { return options_; }
  const std::vector<std::shared_ptr<DiscriminatorBlock>>& blocks() const { return blocks_; }
  const DiscriminatorEpilogue& epilogue() const { return *epilogue_; }
  const std::shared_ptr<StyleMapping>& mapping() const { return mapping_; }  // null without classes

 private:
  DiscriminatorOptions options_;
  std::vector<std::shared_ptr<DiscriminatorBlock>> blocks_;
  std::shared_ptr<DiscriminatorEpilogue> epilogue_;
  std::shared_ptr<StyleMapping> mapping_;
};

}  // namespace orrery::nn
