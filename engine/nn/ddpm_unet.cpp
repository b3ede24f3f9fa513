#include "engine/nn/ddpm_unet.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/upsample_nearest2d.h>

#include <algorithm>
#include <cmath>

#include "engine/api/result.h"

namespace orrery::nn {
namespace {

constexpr double kEps = 1e-6;

std::shared_ptr<torch::nn::Module> container(torch::nn::Module& parent, const std::string& name) { return parent.register_module(name, std::make_shared<torch::nn::Module>()); }

std::shared_ptr<GroupNorm> norm(std::int64_t channels, std::int64_t groups) { return std::make_shared<GroupNorm>(channels, kEps, groups, 1); }

// `zero`: starts at zero, so that a block starts as the identity.
std::shared_ptr<Conv2d> conv(std::int64_t in, std::int64_t out, std::int64_t kernel, bool zero = false) {
  ConvOptions o;
  o.kernel = kernel;
  if (zero) o.init.weight = 0.0;
  return std::make_shared<Conv2d>(in, out, o);
}

}  // namespace

at::Tensor timestep_embedding(const at::Tensor& t, std::int64_t dim) {
  const auto half = dim / 2;
  const at::Tensor frequencies = (at::arange(half, t.options()) * -(std::log(10000.0) / static_cast<double>(half - 1))).exp();
  const at::Tensor angle = t.unsqueeze(1) * frequencies.unsqueeze(0);
  const at::Tensor waves = at::cat({angle.sin(), angle.cos()}, 1);
  return dim % 2 == 0 ? waves : at::constant_pad_nd(waves, {0, 1}, 0);
}

struct DdpmUnet::Pass {
  const at::Tensor& embedding;  // after its last activation
  Rng* dropout;
  const LayerTap& tap;
  at::Tensor seen(const std::string& name, at::Tensor x) const {
    if (tap) tap(name, x);
    return x;
  }
};

struct DdpmUnet::Block : torch::nn::Module {
  Block(std::int64_t in, std::int64_t out, std::int64_t emb, const DdpmUnetOptions& options) : dropout(options.dropout) {
    norm1 = register_module("norm1", norm(in, options.norm_groups));
    conv1 = register_module("conv1", conv(in, out, 3));
    temb_proj = register_module("temb_proj", std::make_shared<Linear>(emb, out));
    norm2 = register_module("norm2", norm(out, options.norm_groups));
    conv2 = register_module("conv2", conv(out, out, 3, true));
    if (in != out) nin_shortcut = register_module("nin_shortcut", conv(in, out, 1));
  }

  at::Tensor forward(const at::Tensor& x, const Pass& pass) const {
    at::Tensor h = scaled_sum(conv1->forward(silu(norm1->forward(x))), temb_proj->forward(pass.embedding).unsqueeze(2).unsqueeze(3), 1.0);
    h = silu(norm2->forward(h));
    if (pass.dropout != nullptr && dropout > 0.0) {
      const at::Tensor kept = pass.dropout->uniform(h.sizes(), h.options().requires_grad(false)).ge(dropout);
      h = h * kept.to(h.scalar_type()).div_(1.0 - dropout);
    }
    return scaled_sum(conv2->forward(h), nin_shortcut ? nin_shortcut->forward(x) : x, 1.0);
  }

  double dropout;
  std::shared_ptr<GroupNorm> norm1, norm2;
  std::shared_ptr<Conv2d> conv1, conv2, nin_shortcut;
  std::shared_ptr<Linear> temb_proj;
};

struct DdpmUnet::Attention : torch::nn::Module {
  Attention(std::int64_t channels, std::int64_t groups) {
    norm_in = register_module("norm", norm(channels, groups));
    q = register_module("q", conv(channels, channels, 1));
    k = register_module("k", conv(channels, channels, 1));
    v = register_module("v", conv(channels, channels, 1));
    proj_out = register_module("proj_out", conv(channels, channels, 1, true));
  }

  // One head over all channels.
  at::Tensor forward(const at::Tensor& x) const {
    const at::Tensor h = norm_in->forward(x);
    const auto rows = [&](const at::Tensor& y) { return y.flatten(2).transpose(1, 2).unsqueeze(1).contiguous(); };  // [N, 1, pixels, C]
    const at::Tensor mixed = at::scaled_dot_product_attention(rows(q->forward(h)), rows(k->forward(h)), rows(v->forward(h)));
    return scaled_sum(proj_out->forward(mixed.squeeze(1).transpose(1, 2).reshape(x.sizes())), x, 1.0);
  }

  std::shared_ptr<GroupNorm> norm_in;
  std::shared_ptr<Conv2d> q, k, v, proj_out;
};

struct DdpmUnet::Level {
  std::string name;
  std::vector<std::shared_ptr<Block>> blocks;
  std::vector<std::shared_ptr<Attention>> attention;  // one per block, or empty
  std::shared_ptr<Conv2d> resample;                   // after the blocks
  bool resamples = false;

  at::Tensor run_block(std::size_t i, at::Tensor x, const Pass& pass) const {
    const std::string number = std::to_string(i);
    x = pass.seen(name + ".block." + number, blocks[i]->forward(x, pass));
    return attention.empty() ? x : pass.seen(name + ".attn." + number, attention[i]->forward(x));
  }
};

DdpmUnet::~DdpmUnet() = default;

DdpmUnet::DdpmUnet(const DdpmUnetOptions& options) : options_(options) {
  if (options.channels < 4 || options.norm_groups < 1 || options.channels % options.norm_groups != 0)
    throw Error(ErrorCode::wrong_use, "The U-Net's " + std::to_string(options.channels) + " channels are no multiple of its " + std::to_string(options.norm_groups) + " normalisation groups.");
  const auto emb = options.channels * 4;
  const auto temb = container(*this, "temb"), dense = container(*temb, "dense");
  dense0_ = dense->register_module("0", std::make_shared<Linear>(options.channels, emb));
  dense1_ = dense->register_module("1", std::make_shared<Linear>(emb, emb));
  conv_in_ = register_module("conv_in", conv(options.in_channels, options.channels, 3));
  build_down();
  const auto deepest = options.channels * options.channel_mult.back();
  const auto middle = container(*this, "mid");
  middle1_ = middle->register_module("block_1", std::make_shared<Block>(deepest, deepest, emb, options));
  middle_attention_ = middle->register_module("attn_1", std::make_shared<Attention>(deepest, options.norm_groups));
  middle2_ = middle->register_module("block_2", std::make_shared<Block>(deepest, deepest, emb, options));
  build_up();
  norm_out_ = register_module("norm_out", norm(options.channels * options.channel_mult.front(), options.norm_groups));
  conv_out_ = register_module("conv_out", conv(options.channels * options.channel_mult.front(), options.out_channels, 3, true));
}

// Channels of everything the way down hands to the way up, in order.
std::vector<std::int64_t> DdpmUnet::skip_widths() const {
  std::vector<std::int64_t> widths{options_.channels};
  for (std::size_t level = 0; level < options_.channel_mult.size(); ++level) {
    const auto width = options_.channels * options_.channel_mult[level];
    widths.insert(widths.end(), static_cast<std::size_t>(options_.num_blocks), width);
    if (level + 1 < options_.channel_mult.size()) widths.push_back(width);
  }
  return widths;
}

void DdpmUnet::build_down() {
  const auto root = container(*this, "down");
  std::int64_t px = options_.resolution_px, in = options_.channels;
  for (std::size_t i = 0; i < options_.channel_mult.size(); ++i) {
    const auto module = container(*root, std::to_string(i)), blocks = container(*module, "block"), attention = container(*module, "attn");
    const auto level = std::make_shared<Level>();
    level->name = "down." + std::to_string(i);
    const auto out = options_.channels * options_.channel_mult[i];
    const bool attends = std::count(options_.attn_resolutions.begin(), options_.attn_resolutions.end(), px) > 0;
    for (std::int64_t k = 0; k < options_.num_blocks; ++k, in = out) {
      level->blocks.push_back(blocks->register_module(std::to_string(k), std::make_shared<Block>(in, out, options_.channels * 4, options_)));
      if (attends) level->attention.push_back(attention->register_module(std::to_string(k), std::make_shared<Attention>(out, options_.norm_groups)));
    }
    level->resamples = i + 1 < options_.channel_mult.size();
    if (level->resamples) {
      px /= 2;
      if (options_.resample_with_conv) level->resample = container(*module, "downsample")->register_module("conv", conv(out, out, 3));
    }
    down_.push_back(level);
  }
}

void DdpmUnet::build_up() {
  const auto root = container(*this, "up");
  std::vector<std::int64_t> skips = skip_widths();
  std::int64_t in = options_.channels * options_.channel_mult.back(), px = options_.resolution_px >> (options_.channel_mult.size() - 1);
  up_.resize(options_.channel_mult.size());
  // They are stored by level, whatever the order they run in.
  std::vector<std::shared_ptr<torch::nn::Module>> modules;
  for (std::size_t i = 0; i < up_.size(); ++i) modules.push_back(container(*root, std::to_string(i)));
  for (std::size_t i = up_.size(); i-- > 0; px *= 2) {
    const auto blocks = container(*modules[i], "block"), attention = container(*modules[i], "attn");
    const auto level = std::make_shared<Level>();
    level->name = "up." + std::to_string(i);
    const auto out = options_.channels * options_.channel_mult[i];
    const bool attends = std::count(options_.attn_resolutions.begin(), options_.attn_resolutions.end(), px) > 0;
    for (std::int64_t k = 0; k <= options_.num_blocks; ++k, in = out) {
      level->blocks.push_back(blocks->register_module(std::to_string(k), std::make_shared<Block>(in + skips.back(), out, options_.channels * 4, options_)));
      skips.pop_back();
      if (attends) level->attention.push_back(attention->register_module(std::to_string(k), std::make_shared<Attention>(out, options_.norm_groups)));
    }
    level->resamples = i > 0;
    if (level->resamples && options_.resample_with_conv) level->resample = container(*modules[i], "upsample")->register_module("conv", conv(out, out, 3));
    up_[i] = level;
  }
}

at::Tensor DdpmUnet::forward(const NetworkInput& input, const LayerTap& tap) {
  const Pass naming{input.x, nullptr, tap};
  const at::Tensor waves = naming.seen("temb_sinusoid", timestep_embedding(input.noise.to(input.x.scalar_type()), options_.channels));
  const at::Tensor embedding = at::silu(naming.seen("temb.dense.1", dense1_->forward(at::silu(naming.seen("temb.dense.0", dense0_->forward(waves))))));
  const Pass pass{embedding, input.dropout, tap};

  std::vector<at::Tensor> skips{pass.seen("conv_in", conv_in_->forward(input.x))};
  for (const auto& level : down_) {
    for (std::size_t k = 0; k < level->blocks.size(); ++k) skips.push_back(level->run_block(k, skips.back(), pass));
    if (!level->resamples) continue;
    at::Tensor x = skips.back();
    // The published network pads at the bottom and the right only.
    if (level->resample) x = pass.seen(level->name + ".downsample.conv", at::conv2d(at::constant_pad_nd(x, {0, 1, 0, 1}, 0), level->resample->weight, level->resample->bias, at::IntArrayRef({2, 2})));
    else x = at::avg_pool2d(x, {2, 2}, {2, 2});
    skips.push_back(pass.seen(level->name + ".downsample", x));
  }

  at::Tensor x = pass.seen("mid.block_1", middle1_->forward(skips.back(), pass));
  x = pass.seen("mid.attn_1", middle_attention_->forward(x));
  x = pass.seen("mid.block_2", middle2_->forward(x, pass));

  for (std::size_t i = up_.size(); i-- > 0;) {
    const Level& level = *up_[i];
    for (std::size_t k = 0; k < level.blocks.size(); ++k) {
      x = level.run_block(k, at::cat({x, skips.back()}, 1), pass);
      skips.pop_back();
    }
    if (!level.resamples) continue;
    x = at::upsample_nearest2d(x, {x.size(2) * 2, x.size(3) * 2});
    if (level.resample) x = pass.seen(level.name + ".upsample.conv", level.resample->forward(x));
    x = pass.seen(level.name + ".upsample", x);
  }
  return conv_out_->forward(at::silu(pass.seen("norm_out", norm_out_->forward(x))));
}

}  // namespace orrery::nn
