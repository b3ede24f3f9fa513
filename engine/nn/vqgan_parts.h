// Blocks of engine/nn/vqgan.h, for its sources.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/nn/basic_layers.h"
#include "engine/nn/vqgan.h"

namespace orrery::nn::vqgan {

using Style = VqganOptions::Style;

// Over 32 groups of channels, or over the channels of each pixel; eps 1e-6. Names: weight, bias.
class Norm : public torch::nn::Module, public Resettable {
 public:
  Norm(std::int64_t channels, bool layer_norm);
  at::Tensor forward(const at::Tensor& x) const;
  void reset_weights(Rng rng) override;

  at::Tensor weight, bias;

 private:
  bool layer_norm_;
};

// Strided convolution with a bias, padded before and after by what it is told per pass.
class StridedConv : public torch::nn::Module, public Resettable {
 public:
  StridedConv(std::int64_t in, std::int64_t out, std::int64_t kernel);
  // Pads so that ceil(size / 2) comes out (TensorFlow's SAME), or one pixel at the right and the bottom.
  at::Tensor forward(const at::Tensor& x, bool same) const;
  void reset_weights(Rng rng) override;

  at::Tensor weight, bias;
};

class Block : public torch::nn::Module {
 public:
  Block(std::int64_t in, std::int64_t out, const VqganOptions& options);
  at::Tensor forward(const at::Tensor& x) const;

 private:
  at::Tensor activated(at::Tensor&& x) const;
  bool relu_, shortcut_of_result_;
  std::shared_ptr<Norm> norm1_, norm2_;
  std::shared_ptr<Conv2d> conv1_, conv2_, shortcut_;
};

// One head over all channels, added to its input.
class Attention : public torch::nn::Module {
 public:
  explicit Attention(std::int64_t channels);
  at::Tensor forward(const at::Tensor& x) const;

 private:
  std::shared_ptr<Norm> norm_;
  std::shared_ptr<Conv2d> q_, k_, v_, proj_out_;
};

std::shared_ptr<Conv2d> conv(std::int64_t in, std::int64_t out, std::int64_t kernel, bool bias);
std::shared_ptr<torch::nn::Module> container(torch::nn::Module& parent, const std::string& name);
at::Tensor activate(at::Tensor&& x, bool relu);

// Blocks of a level, with attention after each where there is any.
struct Level {
  std::string name;
  std::int64_t width = 0;
  std::vector<std::shared_ptr<Block>> blocks;
  std::vector<std::shared_ptr<Attention>> attention;
  std::shared_ptr<StridedConv> down;
  std::shared_ptr<Conv2d> up;
  bool resamples = false;

  at::Tensor forward(at::Tensor x, const LayerTap& tap) const;
};
// The blocks at the lowest resolution. `module`: where they are registered.
struct Middle {
  Middle(torch::nn::Module& parent, const std::string& side, std::int64_t width, const VqganOptions& options);
  at::Tensor forward(at::Tensor x, const LayerTap& tap) const;

 private:
  std::string name_;
  std::vector<std::pair<std::string, std::shared_ptr<Block>>> blocks_;
  std::shared_ptr<Attention> attention_;  // between the first two
};

bool attends(const VqganOptions& options, std::size_t level);
inline at::Tensor seen(const LayerTap& tap, const std::string& name, at::Tensor x) {
  if (tap) tap(name, x);
  return x;
}

}  // namespace orrery::nn::vqgan
