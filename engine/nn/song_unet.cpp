#include <ATen/ops/cat.h>
#include <ATen/ops/silu.h>

#include <algorithm>
#include <cmath>

#include "engine/nn/diffusion_unet.h"

namespace orrery::nn {
namespace {

using Law = Init::Law;
constexpr double kEps = 1e-6;
const Init kInit{Law::xavier_uniform, 1.0, 0.0};
const Init kInitZero{Law::xavier_uniform, 1e-5, 0.0};

std::string level_name(std::int64_t resolution) { return std::to_string(resolution) + "x" + std::to_string(resolution) + "_"; }

}  // namespace

SongUNet::SongUNet(const SongUNetOptions& options) : options_(options), emb_channels_(options.model_channels * options.channel_mult_emb) {
  const auto noise_channels = options.model_channels * options.channel_mult_noise;
  if (options.embedding == SongUNetOptions::Embedding::fourier) map_noise_ = register_module("map_noise", std::make_shared<FourierEmbedding>(noise_channels));
  if (options.label_dim > 0) map_label_ = register_module("map_label", std::make_shared<Linear>(options.label_dim, noise_channels, true, kInit));
  if (options.augment_dim > 0) map_augment_ = register_module("map_augment", std::make_shared<Linear>(options.augment_dim, noise_channels, false, kInit));
  map_layer0_ = register_module("map_layer0", std::make_shared<Linear>(noise_channels, emb_channels_, true, kInit));
  map_layer1_ = register_module("map_layer1", std::make_shared<Linear>(emb_channels_, emb_channels_, true, kInit));
  enc_ = register_module("enc", std::make_shared<torch::nn::Module>());
  dec_ = register_module("dec", std::make_shared<torch::nn::Module>());
  build_encoder();
  build_decoder();
}

UNetBlockOptions SongUNet::block_options(bool attention) const {
  UNetBlockOptions o;
  o.emb_channels = emb_channels_;
  o.heads = attention ? 1 : 0;
  o.dropout = options_.dropout;
  o.skip_scale = std::sqrt(0.5);
  o.eps = kEps;
  o.resample_filter = options_.resample_filter;
  o.resample_proj = true;
  o.adaptive_scale = false;
  o.init = kInit;
  o.init_zero = kInitZero;
  o.init_attn = {Law::xavier_uniform, std::sqrt(0.2), 0.0};
  return o;
}

void SongUNet::add(bool encoder, const std::string& name, Layer layer) {
  auto& parent = encoder ? *enc_ : *dec_;
  if (layer.block) parent.register_module(name, layer.block);
  if (layer.conv) parent.register_module(name, layer.conv);
  if (layer.norm) parent.register_module(name, layer.norm);
  layer.name = (encoder ? "enc." : "dec.") + name;
  (encoder ? encoder_ : decoder_).push_back(std::move(layer));
}

void SongUNet::build_encoder() {
  using Encoder = SongUNetOptions::Encoder;
  const auto& o = options_;
  ConvOptions plain, filter, point, fused;
  plain.init = point.init = fused.init = kInit;
  filter.kernel = 0, point.kernel = 1;
  filter.down = fused.down = fused.fused = true;
  filter.resample_filter = fused.resample_filter = o.resample_filter;
  auto aux_width = o.in_channels;
  for (std::size_t level = 0; level < o.channel_mult.size(); ++level) {
    const auto resolution = o.resolution_px >> level;
    const std::string at = level_name(resolution);
    if (level == 0) {
      width_ = o.model_channels;
      add(true, at + "conv", {"", Role::conv, {}, std::make_shared<Conv2d>(o.in_channels, width_, plain), {}});
    } else {
      auto down = block_options(false);
      down.down = true;
      add(true, at + "down", {"", Role::block, std::make_shared<UNetBlock>(width_, width_, down), {}, {}});
      if (o.encoder == Encoder::skip) {
        add(true, at + "aux_down", {"", Role::aux_down, {}, std::make_shared<Conv2d>(aux_width, aux_width, filter), {}});
        add(true, at + "aux_skip", {"", Role::aux_skip, {}, std::make_shared<Conv2d>(aux_width, width_, point), {}});
      } else if (o.encoder == Encoder::residual) {
        add(true, at + "aux_residual", {"", Role::aux_residual, {}, std::make_shared<Conv2d>(aux_width, width_, fused), {}});
        aux_width = width_;
      }
    }
    skip_channels_.push_back(width_);
    const bool attention = std::find(o.attn_resolutions.begin(), o.attn_resolutions.end(), resolution) != o.attn_resolutions.end();
    for (std::int64_t i = 0; i < o.num_blocks; ++i) {
      const auto out = o.model_channels * o.channel_mult[level];
      add(true, at + "block" + std::to_string(i), {"", Role::block, std::make_shared<UNetBlock>(width_, out, block_options(attention)), {}, {}});
      skip_channels_.push_back(width_ = out);
    }
  }
}

void SongUNet::build_decoder() {
  const auto& o = options_;
  ConvOptions filter, last;
  filter.kernel = 0, filter.up = true, filter.resample_filter = o.resample_filter;
  last.init = kInitZero;
  const auto deepest = static_cast<std::int64_t>(o.channel_mult.size()) - 1;
  const bool sums = o.decoder == SongUNetOptions::Decoder::skip;
  for (auto level = deepest; level >= 0; --level) {
    const auto resolution = o.resolution_px >> level;
    const std::string at = level_name(resolution);
    if (level == deepest) {
      add(false, at + "in0", {"", Role::block, std::make_shared<UNetBlock>(width_, width_, block_options(true)), {}, {}});
      add(false, at + "in1", {"", Role::block, std::make_shared<UNetBlock>(width_, width_, block_options(false)), {}, {}});
    } else {
      auto up = block_options(false);
      up.up = true;
      add(false, at + "up", {"", Role::block, std::make_shared<UNetBlock>(width_, width_, up), {}, {}});
    }
    const bool attends = std::find(o.attn_resolutions.begin(), o.attn_resolutions.end(), resolution) != o.attn_resolutions.end();
    for (std::int64_t i = 0; i <= o.num_blocks; ++i) {
      const auto in = width_ + skip_channels_.back(), out = o.model_channels * o.channel_mult[static_cast<std::size_t>(level)];
      skip_channels_.pop_back();
      add(false, at + "block" + std::to_string(i),
          {"", Role::joined_block, std::make_shared<UNetBlock>(in, out, block_options(attends && i == o.num_blocks)), {}, {}});
      width_ = out;
    }
    if (!sums && level > 0) continue;
    if (sums && level < deepest) add(false, at + "aux_up", {"", Role::aux_up, {}, std::make_shared<Conv2d>(o.out_channels, o.out_channels, filter), {}});
    add(false, at + "aux_norm", {"", Role::aux_norm, {}, {}, std::make_shared<GroupNorm>(width_, kEps)});
    add(false, at + "aux_conv", {"", Role::aux_conv, {}, std::make_shared<Conv2d>(width_, o.out_channels, last), {}});
  }
}

at::Tensor SongUNet::embed(const NetworkInput& input, const LayerTap& tap) const {
  const auto seen = [&](const char* name, const at::Tensor& y) {
    if (tap) tap(name, y);
    return y;
  };
  const auto noise_channels = options_.model_channels * options_.channel_mult_noise;
  at::Tensor emb = map_noise_ ? map_noise_->forward(input.noise) : positional_embedding(input.noise, noise_channels, /*endpoint=*/true);
  emb = swap_halves(seen("map_noise", emb));
  if (map_label_ && input.classes.defined())
    emb = emb + seen("map_label", map_label_->forward(input.classes * std::sqrt(static_cast<double>(options_.label_dim))));
  if (map_augment_ && input.augment.defined()) emb = emb + seen("map_augment", map_augment_->forward(input.augment));
  emb = at::silu(seen("map_layer0", map_layer0_->forward(emb)));
  return at::silu(seen("map_layer1", map_layer1_->forward(emb)));
}

at::Tensor SongUNet::forward(const NetworkInput& input, const LayerTap& tap) {
  const at::Tensor emb = embed(input, tap);
  const auto seen = [&](const Layer& layer, const at::Tensor& y) {
    if (tap) tap(layer.name, y);
    return y;
  };
  std::vector<at::Tensor> skips;
  at::Tensor x = input.x, aux = input.x;
  for (const auto& layer : encoder_) {
    switch (layer.role) {
      case Role::aux_down: aux = seen(layer, layer.conv->forward(aux)); break;
      case Role::aux_skip: x = skips.back() = x + seen(layer, layer.conv->forward(aux)); break;
      case Role::aux_residual: x = skips.back() = aux = (x + seen(layer, layer.conv->forward(aux))) / std::sqrt(2.0); break;
      default:
        x = seen(layer, layer.block ? layer.block->forward(x, emb, input.dropout) : layer.conv->forward(x));
        skips.push_back(x);
    }
  }
  at::Tensor sum, normalised;
  for (const auto& layer : decoder_) {
    switch (layer.role) {
      case Role::aux_up: sum = seen(layer, layer.conv->forward(sum)); break;
      case Role::aux_norm: normalised = seen(layer, layer.norm->forward(x)); break;
      case Role::aux_conv: {
        const at::Tensor out = seen(layer, layer.conv->forward(at::silu(normalised)));
        sum = sum.defined() ? out + sum : out;
        break;
      }
      default:
        if (layer.role == Role::joined_block) {
          x = at::cat({x, skips.back()}, 1);
          skips.pop_back();
        }
        x = seen(layer, layer.block->forward(x, emb, input.dropout));
    }
  }
  return sum;
}

}  // namespace orrery::nn
