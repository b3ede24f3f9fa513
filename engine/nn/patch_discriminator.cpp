#include <ATen/core/grad_mode.h>
#include <ATen/ops/batch_norm.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "engine/nn/vqgan_discriminators.h"

namespace orrery::nn {
namespace {

constexpr double kSpread = 0.02;

struct PatchConv : torch::nn::Module, Resettable {
  PatchConv(std::int64_t in, std::int64_t out, std::int64_t stride_, bool biased) : stride(stride_) {
    weight = register_parameter("weight", at::zeros({out, in, 4, 4}));
    if (biased) bias = register_parameter("bias", at::zeros({out}));
  }
  at::Tensor forward(const at::Tensor& x) const { return at::conv2d(x, weight, bias, at::IntArrayRef({stride, stride}), at::IntArrayRef({1, 1})); }
  void reset_weights(Rng rng) override {
    weight.copy_(rng.normal(weight.sizes(), weight.options().requires_grad(false))).mul_(kSpread);
    if (bias.defined()) bias.zero_();
  }
  std::int64_t stride;
  at::Tensor weight, bias;
};

struct BatchNorm : torch::nn::Module, Resettable {
  explicit BatchNorm(std::int64_t channels) {
    weight = register_parameter("weight", at::ones({channels}));
    bias = register_parameter("bias", at::zeros({channels}));
    mean = register_buffer("running_mean", at::zeros({channels}));
    variance = register_buffer("running_var", at::ones({channels}));
    batches = register_buffer("num_batches_tracked", at::zeros({}, at::kLong));
  }
  at::Tensor forward(const at::Tensor& x) {
    if (is_training()) batches.add_(1);
    return at::batch_norm(x, weight, bias, mean, variance, is_training(), 0.1, 1e-5, /*cudnn_enabled=*/true);
  }
  void reset_weights(Rng rng) override {
    weight.copy_(rng.normal(weight.sizes(), weight.options().requires_grad(false))).mul_(kSpread).add_(1.0);
    bias.zero_();
  }
  at::Tensor weight, bias, mean, variance, batches;
};

struct ActNorm : torch::nn::Module, Resettable {
  explicit ActNorm(std::int64_t channels) {
    loc = register_parameter("loc", at::zeros({1, channels, 1, 1}));
    scale = register_parameter("scale", at::ones({1, channels, 1, 1}));
    initialized = register_buffer("initialized", at::zeros({}, at::kByte));
  }
  at::Tensor forward(const at::Tensor& x) {
    if (is_training() && initialized.item<std::uint8_t>() == 0) {
      const at::NoGradGuard no_grad;
      loc.copy_(x.mean({0, 2, 3}, true).neg());
      scale.copy_(x.std({0, 2, 3}, /*unbiased=*/true, true).add(1e-6).reciprocal());
      initialized.fill_(1);
    }
    return scale * (x + loc);
  }
  void reset_weights(Rng) override {
    loc.zero_();
    scale.fill_(1.0);
    initialized.zero_();
  }
  at::Tensor loc, scale, initialized;
};

}  // namespace

PatchDiscriminator::PatchDiscriminator(const PatchDiscriminatorOptions& o) {
  const auto main = register_module("main", std::make_shared<torch::nn::Module>());
  std::int64_t number = 0;
  const auto add = [&](auto module) {
    main->register_module(std::to_string(number++), module);
    steps_.emplace_back([module](const at::Tensor& x) { return module->forward(x); });
  };
  const auto leak = [&] {
    ++number;
    steps_.emplace_back([](const at::Tensor& x) { return at::leaky_relu(x, 0.2); });
  };
  add(std::make_shared<PatchConv>(o.channels, o.width, 2, true));
  leak();
  std::int64_t in = o.width;
  for (std::int64_t i = 1; i <= o.layers; ++i) {
    const auto out = o.width * std::min<std::int64_t>(std::int64_t{1} << std::min<std::int64_t>(i, 3), 8);
    add(std::make_shared<PatchConv>(in, out, i < o.layers ? 2 : 1, o.act_norm));
    if (o.act_norm) add(std::make_shared<ActNorm>(out));
    else add(std::make_shared<BatchNorm>(out));
    leak();
    in = out;
  }
  add(std::make_shared<PatchConv>(in, 1, 1, true));
}

at::Tensor PatchDiscriminator::forward(const at::Tensor& pictures) const {
  at::Tensor x = pictures;
  for (const auto& step : steps_) x = step(x);
  return x;
}

}  // namespace orrery::nn
