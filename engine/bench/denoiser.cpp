// DDPM++ at CIFAR-10 size (Karras et al. 2022, table 7: 55.7 million weights) against the same network composed of plain ATen operations on
// the same weights: an evaluation and a training step.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "engine/bench/bench.h"
#include "engine/bench/networks.h"

namespace orrery::bench {
namespace {

constexpr std::int64_t kSide = kDdpmppSide_px, kWidth = kDdpmppWidth, kLevels = kDdpmppLevels, kBlocks = kDdpmppBlocks;

// The composition: one ATen operation for each line of the paper's appendix F.
class Plain {
 public:
  explicit Plain(const torch::nn::Module& net) {
    for (const auto& item : net.named_parameters()) weights_.insert(item.key(), item.value());
    for (const auto& item : net.named_buffers()) weights_.insert(item.key(), item.value());
  }

  at::Tensor forward(const at::Tensor& x_in, const at::Tensor& noise) const {
    const at::Tensor frequencies = at::pow(1.0 / 10000.0, at::arange(kWidth / 2, noise.options()) / (kWidth / 2 - 1)), angles = at::outer(noise, frequencies);
    at::Tensor emb = at::cat({angles.sin(), angles.cos()}, 1);
    emb = at::silu(linear("map_layer0", emb));
    emb = at::silu(linear("map_layer1", emb));
    std::vector<at::Tensor> skips;
    at::Tensor x = x_in;
    for (std::int64_t level = 0; level < kLevels; ++level) {
      const std::string at = "enc." + level_name(level);
      x = level == 0 ? conv(at + "conv", x) : block(at + "down", x, emb, -1, false);
      skips.push_back(x);
      for (std::int64_t i = 0; i < kBlocks; ++i) skips.push_back(x = block(at + "block" + std::to_string(i), x, emb, 0, level == 1));
    }
    for (std::int64_t level = kLevels - 1; level >= 0; --level) {
      const std::string at = "dec." + level_name(level);
      if (level == kLevels - 1) x = block(at + "in1", block(at + "in0", x, emb, 0, true), emb, 0, false);
      else x = block(at + "up", x, emb, 1, false);
      for (std::int64_t i = 0; i <= kBlocks; ++i) {
        x = at::cat({x, skips.back()}, 1);
        skips.pop_back();
        x = block(at + "block" + std::to_string(i), x, emb, 0, level == 1 && i == kBlocks);
      }
    }
    const std::string last = "dec." + level_name(0);
    return conv(last + "aux_conv", at::silu(norm(last + "aux_norm", x)));
  }

 private:
  static std::string level_name(std::int64_t level) { return std::to_string(kSide >> level) + "x" + std::to_string(kSide >> level) + "_"; }
  at::Tensor linear(const std::string& name, const at::Tensor& x) const { return at::addmm(weights_[name + ".bias"], x, weights_[name + ".weight"].t()); }
  at::Tensor norm(const std::string& name, const at::Tensor& x) const { return at::group_norm(x, std::min<std::int64_t>(32, x.size(1) / 4), weights_[name + ".weight"], weights_[name + ".bias"], 1e-6); }

  // `move` 1: twice up, -1: twice down, by the filter [1, 1].
  at::Tensor conv(const std::string& name, at::Tensor x, int move = 0) const {
    const auto channels = x.size(1);
    const std::vector<std::int64_t> none{0, 0}, one{1, 1}, two{2, 2};
    if (move != 0) {
      const at::Tensor filter = weights_[name + ".resample_filter"];
      x = move > 0 ? at::conv_transpose2d(x, (filter * 4).tile({channels, 1, 1, 1}), {}, two, none, none, channels)
                   : at::conv2d(x, filter.tile({channels, 1, 1, 1}), {}, two, none, one, channels);
    }
    const at::Tensor w = weights_[name + ".weight"];
    return at::conv2d(x, w, {}, one, w.size(2) == 3 ? one : none) + weights_[name + ".bias"].view({1, -1, 1, 1});
  }

  at::Tensor block(const std::string& name, const at::Tensor& x_in, const at::Tensor& emb, int move, bool attention) const {
    at::Tensor x = conv(name + ".conv0", at::silu(norm(name + ".norm0", x_in)), move);
    x = at::silu(norm(name + ".norm1", x + linear(name + ".affine", emb).unsqueeze(2).unsqueeze(3)));
    x = conv(name + ".conv1", x);
    x = (x + (weights_.contains(name + ".skip.weight") ? conv(name + ".skip", x_in, move) : x_in)) * std::sqrt(0.5);
    if (!attention) return x;
    const at::Tensor qkv = conv(name + ".qkv", norm(name + ".norm2", x)).reshape({x.size(0), x.size(1), 3, -1});
    const at::Tensor pairs = at::einsum("ncq,nck->nqk", {qkv.select(2, 0), qkv.select(2, 1) / std::sqrt(static_cast<double>(x.size(1)))}).softmax(2);
    const at::Tensor mixed = at::einsum("nqk,nck->ncq", {pairs, qkv.select(2, 2)}).reshape(x.sizes());
    return (x + conv(name + ".proj", mixed)) * std::sqrt(0.5);
  }

  torch::OrderedDict<std::string, at::Tensor> weights_;
};

Contest evaluation(std::int64_t batch) {
  const auto net = ddpmpp_32px();
  net->eval();
  const auto plain = std::make_shared<Plain>(*net);
  at::manual_seed(1);
  const at::Tensor x = at::randn({batch, 3, kSide, kSide}), noise = at::randn({batch});
  const auto ours = [=] {
    const c10::InferenceMode inference;
    return net->forward({x, noise, {}, {}});
  };
  const auto peer = [=] {
    const c10::InferenceMode inference;
    return plain->forward(x, noise);
  };
  return {[=] { ours(); }, [=] { peer(); }, [=] { return relative_distance(ours(), peer()); }, 1e-3};
}

// A loss and all its gradients. The optimiser's step is a kernel of its own (adam_step).
Contest training(std::int64_t batch) {
  const auto net = ddpmpp_32px();
  const auto plain = std::make_shared<Plain>(*net);
  at::manual_seed(1);
  const at::Tensor x = at::randn({batch, 3, kSide, kSide}), noise = at::randn({batch}), target = at::randn({batch, 3, kSide, kSide});
  const auto step = [=](bool with_ours) {
    for (auto& p : net->parameters()) p.mutable_grad() = at::Tensor();
    const at::Tensor y = with_ours ? net->forward({x, noise, {}, {}}) : plain->forward(x, noise);
    (y - target).square().mean().backward();
  };
  const auto gradients = [=](bool with_ours) {
    step(with_ours);
    std::vector<at::Tensor> all;
    for (const auto& p : net->parameters()) all.push_back((p.grad().defined() ? p.grad() : at::zeros_like(p)).reshape(-1).clone());
    return at::cat(all);
  };
  return {[=] { step(true); }, [=] { step(false); }, [=] { return relative_distance(gradients(true), gradients(false)); }, 1e-3};
}

}  // namespace

std::vector<Benchmark> denoiser_benchmarks() {
  const std::string peer = "the network of plain ATen operations", size = "DDPM++, 32 px, 55.7 million weights, ";
  return {{"denoiser/evaluation/1", "one evaluation, " + size + "one picture", peer, [] { return evaluation(1); }, 10},
          {"denoiser/evaluation/4", "one evaluation, " + size + "4 pictures", peer, [] { return evaluation(4); }, 10},
          {"denoiser/training", "a loss and its gradients, " + size + "8 pictures", peer, [] { return training(8); }, 3}};
}

}  // namespace orrery::bench
