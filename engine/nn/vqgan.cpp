#include "engine/nn/vqgan.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/upsample_nearest2d.h>

#include "engine/api/result.h"
#include "engine/nn/vqgan_parts.h"

namespace orrery::nn {

using vqgan::Level;
using vqgan::seen;
using Style = VqganOptions::Style;

void check_vqgan(const VqganOptions& o) {
  const auto refuse = [](const std::string& why) { return Error(ErrorCode::wrong_use, "The tokenizer cannot be built: " + why + ".", "Nothing was started."); };
  if (o.multipliers.empty() || o.multipliers.size() > 10) throw refuse("it needs 1 to 10 levels");
  for (const auto multiplier : o.multipliers) {
    if (multiplier < 1 || multiplier > 64) throw refuse("its multipliers are not from 1 to 64");
    if (!o.layer_norm && (o.width * multiplier) % 32 != 0) throw refuse("its channels must be multiples of 32, and " + std::to_string(o.width * multiplier) + " is none");
  }
  if (o.blocks < 1 || o.latent_channels < 1 || o.channels < 1) throw refuse("it has no blocks or no channels");
}

struct VqganEncoder::Parts {
  std::shared_ptr<Conv2d> conv_in, conv_out;
  std::vector<Level> levels;
  std::unique_ptr<vqgan::Middle> middle;
  std::shared_ptr<vqgan::Norm> norm_out;
  VqganOptions options;
};

VqganEncoder::~VqganEncoder() = default;

VqganEncoder::VqganEncoder(const VqganOptions& o) : parts_(std::make_shared<Parts>()) {
  check_vqgan(o);
  auto& p = *parts_;
  p.options = o;
  const bool maskgit = o.style == Style::maskgit;
  p.conv_in = register_module("conv_in", vqgan::conv(o.channels, o.width, 3, !maskgit));
  const auto root = vqgan::container(*this, "down");
  std::int64_t in = o.width;
  for (std::size_t i = 0; i < o.multipliers.size(); ++i) {
    const auto module = vqgan::container(*root, std::to_string(i)), blocks = vqgan::container(*module, "block"), attention = vqgan::container(*module, "attn");
    Level level;
    level.name = "encoder.down." + std::to_string(i);
    level.width = o.width * o.multipliers[i];
    for (std::int64_t k = 0; k < o.blocks; ++k, in = level.width) {
      level.blocks.push_back(blocks->register_module(std::to_string(k), std::make_shared<vqgan::Block>(in, level.width, o)));
      if (vqgan::attends(o, i)) level.attention.push_back(attention->register_module(std::to_string(k), std::make_shared<vqgan::Attention>(level.width)));
    }
    level.resamples = i + 1 < o.multipliers.size();
    if (level.resamples && !maskgit) level.down = vqgan::container(*module, "downsample")->register_module("conv", std::make_shared<vqgan::StridedConv>(in, in, 3));
    if (level.resamples && maskgit && o.strided_down) level.down = module->register_module("downsample", std::make_shared<vqgan::StridedConv>(in, in, 4));
    p.levels.push_back(std::move(level));
  }
  p.middle = std::make_unique<vqgan::Middle>(*this, "encoder", in, o);
  p.norm_out = register_module("norm_out", std::make_shared<vqgan::Norm>(in, o.layer_norm));
  p.conv_out = register_module("conv_out", vqgan::conv(in, o.latent_channels, maskgit ? 1 : 3, true));
}

at::Tensor VqganEncoder::forward(const at::Tensor& pictures, const LayerTap& tap) const {
  const auto& p = *parts_;
  const bool maskgit = p.options.style == Style::maskgit;
  at::Tensor x = seen(tap, "encoder.conv_in", p.conv_in->forward(pictures));
  for (const auto& level : p.levels) {
    x = level.forward(x, tap);
    if (level.resamples) {
      // Where a size is odd, the last pixels are averaged over fewer.
      x = level.down ? level.down->forward(x, maskgit) : at::avg_pool2d(x, {2, 2}, {2, 2}, {0, 0}, /*ceil_mode=*/true, /*count_include_pad=*/false);
      x = seen(tap, level.name + ".downsample", x);
    }
    x = seen(tap, level.name, x);
  }
  x = seen(tap, "encoder.norm_out", p.norm_out->forward(p.middle->forward(x, tap)));
  at::Tensor active = tap ? x.clone() : x;
  return seen(tap, "encoder.conv_out", p.conv_out->forward(vqgan::activate(std::move(active), p.options.relu)));
}

struct VqganDecoder::Parts {
  std::shared_ptr<Conv2d> conv_in, conv_out;
  std::vector<Level> levels;  // by level; they run from the last to the first
  std::unique_ptr<vqgan::Middle> middle;
  std::shared_ptr<vqgan::Norm> norm_out;
  VqganOptions options;
};

VqganDecoder::~VqganDecoder() = default;

VqganDecoder::VqganDecoder(const VqganOptions& o) : parts_(std::make_shared<Parts>()) {
  check_vqgan(o);
  auto& p = *parts_;
  p.options = o;
  const bool maskgit = o.style == Style::maskgit;
  std::int64_t in = o.width * o.multipliers.back();
  p.conv_in = register_module("conv_in", vqgan::conv(o.latent_channels, in, 3, true));
  p.middle = std::make_unique<vqgan::Middle>(*this, "decoder", in, o);
  const auto root = vqgan::container(*this, "up");
  std::vector<std::shared_ptr<torch::nn::Module>> modules;
  for (std::size_t i = 0; i < o.multipliers.size(); ++i) modules.push_back(vqgan::container(*root, std::to_string(i)));
  p.levels.resize(o.multipliers.size());
  for (std::size_t i = o.multipliers.size(); i-- > 0;) {
    const auto blocks = vqgan::container(*modules[i], "block"), attention = vqgan::container(*modules[i], "attn");
    Level& level = p.levels[i];
    level.name = "decoder.up." + std::to_string(i);
    level.width = o.width * o.multipliers[i];
    for (std::int64_t k = 0; k < o.blocks + (maskgit ? 0 : 1); ++k, in = level.width) {
      level.blocks.push_back(blocks->register_module(std::to_string(k), std::make_shared<vqgan::Block>(in, level.width, o)));
      if (vqgan::attends(o, i)) level.attention.push_back(attention->register_module(std::to_string(k), std::make_shared<vqgan::Attention>(level.width)));
    }
    level.resamples = i > 0;
    if (!level.resamples) continue;
    const auto resample = vqgan::conv(in, in, 3, true);
    level.up = maskgit ? modules[i]->register_module("upsample_conv", resample) : vqgan::container(*modules[i], "upsample")->register_module("conv", resample);
  }
  p.norm_out = register_module("norm_out", std::make_shared<vqgan::Norm>(in, o.layer_norm));
  p.conv_out = register_module("conv_out", vqgan::conv(in, o.channels, 3, true));
}

at::Tensor VqganDecoder::forward(const at::Tensor& latents, const LayerTap& tap) const {
  const auto& p = *parts_;
  const char* resampled = p.options.style == Style::maskgit ? ".upsample_conv" : ".upsample";
  at::Tensor x = p.middle->forward(seen(tap, "decoder.conv_in", p.conv_in->forward(latents)), tap);
  for (std::size_t i = p.levels.size(); i-- > 0;) {
    const Level& level = p.levels[i];
    x = level.forward(x, tap);
    if (level.resamples) x = seen(tap, level.name + resampled, level.up->forward(at::upsample_nearest2d(x, {x.size(2) * 2, x.size(3) * 2})));
    x = seen(tap, level.name, x);
  }
  x = seen(tap, "decoder.norm_out", p.norm_out->forward(x));
  at::Tensor active = tap ? x.clone() : x;
  return seen(tap, "decoder.conv_out", p.conv_out->forward(vqgan::activate(std::move(active), p.options.relu)));
}

const at::Tensor& VqganDecoder::last_weight() const { return parts_->conv_out->weight; }

}  // namespace orrery::nn
