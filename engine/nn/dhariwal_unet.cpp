#include <ATen/ops/cat.h>
#include <ATen/ops/silu.h>

#include <algorithm>
#include <cmath>

#include "engine/nn/diffusion_unet.h"

namespace orrery::nn {
namespace {

using Law = Init::Law;
constexpr std::int64_t kHeadChannels = 64;
const Init kInit{Law::kaiming_uniform, std::sqrt(1.0 / 3.0), std::sqrt(1.0 / 3.0)};
const Init kInitZero{Law::kaiming_uniform, 0.0, 0.0};

std::string level_name(std::int64_t resolution) { return std::to_string(resolution) + "x" + std::to_string(resolution) + "_"; }

}  // namespace

DhariwalUNet::DhariwalUNet(const UNetOptions& options) : options_(options), emb_channels_(options.model_channels * options.channel_mult_emb) {
  const auto& o = options_;
  if (o.augment_dim > 0) map_augment_ = register_module("map_augment", std::make_shared<Linear>(o.augment_dim, o.model_channels, false, kInitZero));
  map_layer0_ = register_module("map_layer0", std::make_shared<Linear>(o.model_channels, emb_channels_, true, kInit));
  map_layer1_ = register_module("map_layer1", std::make_shared<Linear>(emb_channels_, emb_channels_, true, kInit));
  if (o.label_dim > 0) {
    const Init labels{Law::kaiming_normal, std::sqrt(static_cast<double>(o.label_dim)), 0.0};
    map_label_ = register_module("map_label", std::make_shared<Linear>(o.label_dim, emb_channels_, false, labels));
  }
  enc_ = register_module("enc", std::make_shared<torch::nn::Module>());
  dec_ = register_module("dec", std::make_shared<torch::nn::Module>());

  const auto attends = [&](std::int64_t resolution) { return std::find(o.attn_resolutions.begin(), o.attn_resolutions.end(), resolution) != o.attn_resolutions.end(); };
  const auto deepest = static_cast<std::int64_t>(o.channel_mult.size()) - 1;
  std::vector<std::int64_t> skips;
  std::int64_t width = 0;
  for (std::int64_t level = 0; level <= deepest; ++level) {
    const auto resolution = o.resolution_px >> level, out = o.model_channels * o.channel_mult[static_cast<std::size_t>(level)];
    const std::string at = level_name(resolution);
    if (level == 0) {
      width = out;
      ConvOptions conv;
      conv.init = kInit;
      first_ = enc_->register_module(at + "conv", std::make_shared<Conv2d>(o.in_channels, width, conv));
      encoder_.push_back({"enc." + at + "conv", {}, false});
    } else {
      encoder_.push_back({"enc." + at + "down", make_block(*enc_, at + "down", width, width, false, false, true), false});
    }
    skips.push_back(width);
    for (std::int64_t i = 0; i < o.num_blocks; ++i) {
      const std::string name = at + "block" + std::to_string(i);
      encoder_.push_back({"enc." + name, make_block(*enc_, name, width, out, attends(resolution), false, false), false});
      skips.push_back(width = out);
    }
  }
  for (auto level = deepest; level >= 0; --level) {
    const auto resolution = o.resolution_px >> level, out = o.model_channels * o.channel_mult[static_cast<std::size_t>(level)];
    const std::string at = level_name(resolution);
    if (level == deepest) {
      decoder_.push_back({"dec." + at + "in0", make_block(*dec_, at + "in0", width, width, true, false, false), false});
      decoder_.push_back({"dec." + at + "in1", make_block(*dec_, at + "in1", width, width, false, false, false), false});
    } else {
      decoder_.push_back({"dec." + at + "up", make_block(*dec_, at + "up", width, width, false, true, false), false});
    }
    for (std::int64_t i = 0; i <= o.num_blocks; ++i) {
      const std::string name = at + "block" + std::to_string(i);
      decoder_.push_back({"dec." + name, make_block(*dec_, name, width + skips.back(), out, attends(resolution), false, false), true});
      skips.pop_back();
      width = out;
    }
  }
  out_norm_ = register_module("out_norm", std::make_shared<GroupNorm>(width));
  ConvOptions last;
  last.init = kInitZero;
  out_conv_ = register_module("out_conv", std::make_shared<Conv2d>(width, o.out_channels, last));
}

std::shared_ptr<UNetBlock> DhariwalUNet::make_block(torch::nn::Module& parent, const std::string& name, std::int64_t in, std::int64_t out, bool attention, bool up,
                                                    bool down) const {
  UNetBlockOptions o;
  o.emb_channels = emb_channels_;
  o.heads = attention ? out / kHeadChannels : 0;
  o.dropout = options_.dropout;
  o.up = up, o.down = down;
  o.init = o.init_attn = kInit;
  o.init_zero = kInitZero;
  return parent.register_module(name, std::make_shared<UNetBlock>(in, out, o));
}

at::Tensor DhariwalUNet::embed(const NetworkInput& input, const LayerTap& tap) const {
  const auto seen = [&](const char* name, const at::Tensor& y) {
    if (tap) tap(name, y);
    return y;
  };
  at::Tensor emb = seen("map_noise", positional_embedding(input.noise, options_.model_channels));
  if (map_augment_ && input.augment.defined()) emb = emb + seen("map_augment", map_augment_->forward(input.augment));
  emb = at::silu(seen("map_layer0", map_layer0_->forward(emb)));
  emb = seen("map_layer1", map_layer1_->forward(emb));
  if (map_label_ && input.classes.defined()) emb = emb + seen("map_label", map_label_->forward(input.classes));
  return at::silu(emb);
}

at::Tensor DhariwalUNet::forward(const NetworkInput& input, const LayerTap& tap) {
  const at::Tensor emb = embed(input, tap);
  const auto seen = [&](const std::string& name, const at::Tensor& y) {
    if (tap) tap(name, y);
    return y;
  };
  std::vector<at::Tensor> skips;
  at::Tensor x = input.x;
  for (const auto& layer : encoder_) {
    x = seen(layer.name, layer.block ? layer.block->forward(x, emb, input.dropout) : first_->forward(x));
    skips.push_back(x);
  }
  for (const auto& layer : decoder_) {
    if (layer.joined) {
      x = at::cat({x, skips.back()}, 1);
      skips.pop_back();
    }
    x = seen(layer.name, layer.block->forward(x, emb, input.dropout));
  }
  x = seen("out_norm", out_norm_->forward(x));
  return seen("out_conv", out_conv_->forward(at::silu(x)));
}

}  // namespace orrery::nn
