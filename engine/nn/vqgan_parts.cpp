#include "engine/nn/vqgan_parts.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/group_norm.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

namespace orrery::nn::vqgan {
namespace {

constexpr double kEps = 1e-6;
constexpr std::int64_t kGroups = 32;

}  // namespace

Norm::Norm(std::int64_t channels, bool layer_norm) : layer_norm_(layer_norm) {
  weight = register_parameter("weight", at::ones({channels}));
  bias = register_parameter("bias", at::zeros({channels}));
}

at::Tensor Norm::forward(const at::Tensor& x) const {
  if (!layer_norm_) return at::group_norm(x, kGroups, weight, bias, kEps);
  return at::layer_norm(x.permute({0, 2, 3, 1}), weight.sizes(), weight, bias, kEps).permute({0, 3, 1, 2});
}

void Norm::reset_weights(Rng) {
  weight.fill_(1.0);
  bias.zero_();
}

StridedConv::StridedConv(std::int64_t in, std::int64_t out, std::int64_t kernel) {
  weight = register_parameter("weight", at::zeros({out, in, kernel, kernel}));
  bias = register_parameter("bias", at::zeros({out}));
}

at::Tensor StridedConv::forward(const at::Tensor& x, bool same) const {
  const auto kernel = weight.size(2);
  const auto around = [&](std::int64_t size) { return same ? std::max<std::int64_t>(((size + 1) / 2 - 1) * 2 + kernel - size, 0) : kernel - 2; };
  const auto wide = around(x.size(3)), high = around(x.size(2));
  const at::Tensor padded = at::constant_pad_nd(x, {same ? wide / 2 : 0, same ? wide - wide / 2 : wide, same ? high / 2 : 0, same ? high - high / 2 : high}, 0);
  return at::conv2d(padded, weight, bias, at::IntArrayRef({2, 2}));
}

void StridedConv::reset_weights(Rng rng) {
  const double fan = static_cast<double>(weight.size(2) * weight.size(3)), bound = std::sqrt(6.0 / (fan * static_cast<double>(weight.size(0) + weight.size(1))));
  weight.copy_(rng.fork("weight").uniform(weight.sizes(), weight.options().requires_grad(false)).mul_(2.0 * bound).sub_(bound));
  bias.zero_();
}

std::shared_ptr<Conv2d> conv(std::int64_t in, std::int64_t out, std::int64_t kernel, bool bias) {
  ConvOptions o;
  o.kernel = kernel;
  o.bias = bias;
  return std::make_shared<Conv2d>(in, out, o);
}

std::shared_ptr<torch::nn::Module> container(torch::nn::Module& parent, const std::string& name) { return parent.register_module(name, std::make_shared<torch::nn::Module>()); }

at::Tensor activate(at::Tensor&& x, bool relu) {
  if (!relu) return silu(std::move(x));
  return at::GradMode::is_enabled() ? at::relu(x) : x.relu_();
}

Block::Block(std::int64_t in, std::int64_t out, const VqganOptions& o) : relu_(o.relu), shortcut_of_result_(o.style == Style::maskgit) {
  const bool biased = o.style == Style::vqgan;
  norm1_ = register_module("norm1", std::make_shared<Norm>(in, o.layer_norm));
  conv1_ = register_module("conv1", conv(in, out, 3, biased));
  norm2_ = register_module("norm2", std::make_shared<Norm>(out, o.layer_norm));
  conv2_ = register_module("conv2", conv(out, out, 3, biased));
  if (in != out) shortcut_ = register_module("nin_shortcut", conv(shortcut_of_result_ ? out : in, out, 1, biased));
}

at::Tensor Block::activated(at::Tensor&& x) const { return activate(std::move(x), relu_); }

at::Tensor Block::forward(const at::Tensor& x) const {
  at::Tensor h = conv1_->forward(activated(norm1_->forward(x)));
  h = conv2_->forward(activated(norm2_->forward(h)));
  if (!shortcut_) return scaled_sum(std::move(h), x, 1.0);
  const at::Tensor around = shortcut_->forward(shortcut_of_result_ ? h : x);
  return scaled_sum(std::move(h), around, 1.0);
}

Attention::Attention(std::int64_t channels) {
  norm_ = register_module("norm", std::make_shared<Norm>(channels, false));
  q_ = register_module("q", conv(channels, channels, 1, true));
  k_ = register_module("k", conv(channels, channels, 1, true));
  v_ = register_module("v", conv(channels, channels, 1, true));
  proj_out_ = register_module("proj_out", conv(channels, channels, 1, true));
}

at::Tensor Attention::forward(const at::Tensor& x) const {
  const at::Tensor h = norm_->forward(x);
  const auto rows = [&](const at::Tensor& y) { return y.flatten(2).transpose(1, 2).unsqueeze(1).contiguous(); };  // [N, 1, pixels, C]
  const at::Tensor mixed = at::scaled_dot_product_attention(rows(q_->forward(h)), rows(k_->forward(h)), rows(v_->forward(h)));
  return scaled_sum(proj_out_->forward(mixed.squeeze(1).transpose(1, 2).reshape(x.sizes())), x, 1.0);
}

at::Tensor Level::forward(at::Tensor x, const LayerTap& tap) const {
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    x = seen(tap, name + ".block." + std::to_string(i), blocks[i]->forward(x));
    if (!attention.empty()) x = seen(tap, name + ".attn." + std::to_string(i), attention[i]->forward(x));
  }
  return x;
}

Middle::Middle(torch::nn::Module& parent, const std::string& side, std::int64_t width, const VqganOptions& o) : name_(side + ".mid.") {
  const auto module = container(parent, "mid");
  const auto add = [&](const std::string& name) { blocks_.emplace_back(name, module->register_module(name, std::make_shared<Block>(width, width, o))); };
  if (o.style == Style::maskgit) {
    for (std::int64_t i = 0; i < o.blocks; ++i) add(std::to_string(i));
    return;
  }
  add("block_1");
  attention_ = module->register_module("attn_1", std::make_shared<Attention>(width));
  add("block_2");
}

at::Tensor Middle::forward(at::Tensor x, const LayerTap& tap) const {
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    x = seen(tap, name_ + blocks_[i].first, blocks_[i].second->forward(x));
    if (i == 0 && attention_) x = seen(tap, name_ + "attn_1", attention_->forward(x));
  }
  return x;
}

bool attends(const VqganOptions& o, std::size_t level) {
  return o.style == Style::vqgan && std::count(o.attention_px.begin(), o.attention_px.end(), o.resolution_px >> level) > 0;
}

}  // namespace orrery::nn::vqgan
