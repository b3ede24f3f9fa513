#include "engine/nn/stylegan2_discriminator.h"

#include <cmath>
#include <stdexcept>

#include "engine/nn/minibatch_std.h"
#include "kernels/conv3x3/conv3x3.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

namespace orrery::nn {
namespace {

ConvLayerOptions layer_options(const DiscriminatorOptions& options, std::int64_t kernel, std::int64_t down, double clamp) {
  ConvLayerOptions layer;
  layer.kernel = kernel;
  layer.activation = options.activation;
  layer.down = down;
  layer.resample_filter = options.resample_filter;
  layer.conv_clamp = clamp;
  return layer;
}

}  // namespace

DiscriminatorBlock::DiscriminatorBlock(const DiscriminatorOptions& options, std::int64_t in_channels, std::int64_t mid_channels,
                                       std::int64_t out_channels, std::int64_t resolution)
    : resolution_px(resolution) {
  resample_filter = register_buffer("resample_filter", kernels::setup_filter(options.resample_filter));
  if (in_channels == 0 || options.architecture == Architecture::skip) {
    fromrgb = register_module(
        "fromrgb", std::make_shared<ConvLayer>(options.channels, mid_channels, layer_options(options, 1, 1, options.conv_clamp)));
  }
  conv0 =
      register_module("conv0", std::make_shared<ConvLayer>(mid_channels, mid_channels, layer_options(options, 3, 1, options.conv_clamp)));
  conv1 =
      register_module("conv1", std::make_shared<ConvLayer>(mid_channels, out_channels, layer_options(options, 3, 2, options.conv_clamp)));
  if (options.architecture == Architecture::resnet) {
    ConvLayerOptions layer = layer_options(options, 1, 2, -1.0);
    layer.activation = kernels::Activation::linear;
    layer.bias = false;
    skip = register_module("skip", std::make_shared<ConvLayer>(mid_channels, out_channels, layer));
  }
}

DiscriminatorEpilogue::DiscriminatorEpilogue(const DiscriminatorOptions& options, std::int64_t channels, std::int64_t cmap_dim) {
  if (options.architecture == Architecture::skip) {
    fromrgb = register_module("fromrgb", std::make_shared<ConvLayer>(options.channels, channels, layer_options(options, 1, 1, -1.0)));
  }
  conv = register_module(
      "conv", std::make_shared<ConvLayer>(channels + options.mbstd_channels, channels, layer_options(options, 3, 1, options.conv_clamp)));
  LinearOptions linear;
  linear.activation = options.activation;
  fc = register_module("fc", std::make_shared<EqualLinear>(channels * 16, channels, linear));
  out = register_module("out", std::make_shared<EqualLinear>(channels, cmap_dim == 0 ? 1 : cmap_dim));
}

StyleGan2Discriminator::StyleGan2Discriminator(const DiscriminatorOptions& options) : options_(options) {
  if (options_.resolution_px < 8 || (options_.resolution_px & (options_.resolution_px - 1)) != 0) {
    throw std::invalid_argument("StyleGAN2's discriminator takes pictures with a power of two of at least 8 pixels a side");
  }
  const auto width = [&](std::int64_t resolution) { return channels_at(resolution, options_.channel_base, options_.channel_max); };
  if (options_.c_dim == 0)
    options_.cmap_dim = 0;
  else if (options_.cmap_dim == 0)
    options_.cmap_dim = width(4);
  for (std::int64_t resolution = options_.resolution_px; resolution > 4; resolution /= 2) {
    const auto in = resolution == options_.resolution_px ? 0 : width(resolution);
    blocks_.push_back(
        register_module("b" + std::to_string(resolution),
                        std::make_shared<DiscriminatorBlock>(options_, in, width(resolution), width(resolution / 2), resolution)));
  }
  if (options_.c_dim > 0) {
    MappingOptions label = options_.mapping;
    label.z_dim = 0;
    label.c_dim = options_.c_dim;
    label.w_dim = options_.cmap_dim;
    label.num_ws = 0;
    label.w_avg_beta = -1.0;
    mapping_ = register_module("mapping", std::make_shared<StyleMapping>(label));
  }
  epilogue_ = register_module("b4", std::make_shared<DiscriminatorEpilogue>(options_, width(4), options_.cmap_dim));
}

at::Tensor StyleGan2Discriminator::forward(const at::Tensor& images, const at::Tensor& c, const LayerTap& tap) {
  const auto seen = [&](const std::string& name, const at::Tensor& value) {
    if (tap) tap(name, value);
  };
  const double residual = std::sqrt(0.5);
  const bool rgb_skip = options_.architecture == Architecture::skip;
  at::Tensor x, image = images;
  // The layers for which it pays work with channels innermost: the picture is turned once, and nothing after it.
  if (!blocks_.empty() && kernels::conv3x3_pays(images.narrow(1, 0, 1).expand({-1, blocks_.front()->conv0->weight.size(1), -1, -1}), blocks_.front()->conv0->weight.size(0), kernels::Conv3x3Form::same)) {
    image = images.contiguous(at::MemoryFormat::ChannelsLast);
  }
  for (const auto& block : blocks_) {
    const std::string prefix = "b" + std::to_string(block->resolution_px) + ".";
    if (block->fromrgb) {
      const at::Tensor features = block->fromrgb->forward(image);
      seen(prefix + "fromrgb", features);
      x = x.defined() ? x + features : features;
      if (rgb_skip) seen(prefix + "img", image = kernels::downsample2d(image, block->resample_filter));
    }
    at::Tensor around;
    if (block->skip) seen(prefix + "skip", around = block->skip->forward(x, residual));
    seen(prefix + "conv0", x = block->conv0->forward(x));
    seen(prefix + "conv1", x = block->conv1->forward(x, around.defined() ? residual : 1.0));
    if (around.defined()) x = around + x;
    seen(prefix + "x", x);
  }
  at::Tensor label;
  if (mapping_) seen("mapping", label = mapping_->forward({}, c));
  if (epilogue_->fromrgb) {
    const at::Tensor features = epilogue_->fromrgb->forward(image);
    seen("b4.fromrgb", features);
    x = x + features;
  }
  if (options_.mbstd_channels > 0) seen("b4.mbstd", x = minibatch_std(x, options_.mbstd_group, options_.mbstd_channels));
  seen("b4.conv", x = epilogue_->conv->forward(x));
  seen("b4.fc", x = epilogue_->fc->forward(x.flatten(1)));
  seen("b4.out", x = epilogue_->out->forward(x));
  if (label.defined()) x = (x * label).sum(1, /*keepdim=*/true) * (1.0 / std::sqrt(static_cast<double>(options_.cmap_dim)));
  seen("b4", x);
  return x;
}

}  // namespace orrery::nn
