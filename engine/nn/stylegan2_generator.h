// The StyleGAN2 generator. Source: Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN" (section 2, figure 7).
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "engine/kinds/generator.h"
#include "engine/nn/conv_layer.h"
#include "engine/nn/linear.h"
#include "engine/nn/ready_weights.h"
#include "engine/nn/resample_conv.h"
#include "engine/nn/style_mapping.h"

namespace orrery::nn {

// How a network passes colour between resolutions (figure 7): skip sums up-sampled RGB, resnet adds up-sampled features, orig neither.
enum class Architecture { skip, resnet, orig };
// Throws std::invalid_argument.
Architecture architecture_from_name(const std::string& name);

// min(channel_base / resolution, channel_max)
std::int64_t channels_at(std::int64_t resolution_px, std::int64_t channel_base, std::int64_t channel_max);

struct SynthesisOptions {
  std::int64_t w_dim = 512;
  std::int64_t resolution_px = 1024;  // a power of two, at least 4
  std::int64_t channels = 3;
  std::int64_t channel_base = 32768;
  std::int64_t channel_max = 512;
  Architecture architecture = Architecture::skip;
  kernels::Activation activation = kernels::Activation::lrelu;
  std::vector<double> resample_filter{1, 3, 3, 1};
  double conv_clamp = -1.0;  // < 0: none
  bool use_noise = true;
};

// Modulated convolution, noise, bias, activation, clamp. Names: affine.{weight, bias}, weight, bias, resample_filter and, with noise,
// noise_const [res, res] (buffer) and noise_strength [].
class SynthesisLayer : public torch::nn::Module, public Resettable {
 public:
  SynthesisLayer(const SynthesisOptions& options, std::int64_t in_channels, std::int64_t out_channels, std::int64_t resolution_px,
                 std::int64_t up);
  // x [N, in, H, W], w [N, w_dim] -> [N, out, H up, W up]. `name` and `index` say which noise is this layer's.
  at::Tensor forward(const at::Tensor& x, const at::Tensor& w, const SynthesisNoise& noise, const std::string& name, std::uint64_t index,
                     double gain = 1.0) const;
  void reset_weights(Rng rng) override;

  std::shared_ptr<EqualLinear> affine;
  at::Tensor weight, bias, resample_filter, noise_const, noise_strength;

 private:
  struct Prepared {
    kernels::Conv3x3Weights weights;
    at::Tensor power;  // [O, I]
  };
  std::shared_ptr<const Prepared> prepared(kernels::Conv3x3Form form, bool tiled) const;  // tiled: for conv3x3_layer, otherwise for conv3x3_plain
  ResampleConv convolution() const;
  at::Tensor make_noise(const SynthesisNoise& noise, const std::string& name, std::uint64_t index, std::int64_t batch) const;

  kernels::Activation activation_;
  double conv_clamp_;
  std::int64_t resolution_px_, up_;
  ReadyWeights<Prepared> ready_;
};

// 1x1 modulated convolution without demodulation, bias, clamp. Names: affine.{weight, bias}, weight, bias.
class ToRgb : public torch::nn::Module, public Resettable {
 public:
  ToRgb(const SynthesisOptions& options, std::int64_t in_channels);
  at::Tensor forward(const at::Tensor& x, const at::Tensor& w) const;  // -> [N, channels, H, W]
  void reset_weights(Rng rng) override;

  std::shared_ptr<EqualLinear> affine;
  at::Tensor weight, bias;

 private:
  double conv_clamp_, weight_gain_;
};

// One resolution. Names: const (4x4 only), conv0 (above 4x4), conv1, torgb (skip or last), skip (resnet above 4x4), resample_filter.
class SynthesisBlock : public torch::nn::Module, public Resettable {
 public:
  SynthesisBlock(const SynthesisOptions& options, std::int64_t in_channels, std::int64_t out_channels, std::int64_t resolution_px,
                 bool last);
  void reset_weights(Rng rng) override;

  std::int64_t convolutions() const { return conv0 ? 2 : 1; }
  std::int64_t resolution_px;
  at::Tensor constant;  // [out, 4, 4], named "const"
  at::Tensor resample_filter;
  std::shared_ptr<SynthesisLayer> conv0, conv1;
  std::shared_ptr<ToRgb> torgb;
  std::shared_ptr<ConvLayer> skip;
};

// Names: b4, b8, ... b{resolution}. Styles: one per convolution in order, and one for the last torgb; a block's torgb shares the style
// of the next block's conv0.
class StyleGan2Synthesis : public torch::nn::Module {
 public:
  explicit StyleGan2Synthesis(const SynthesisOptions& options);
  at::Tensor forward(const at::Tensor& ws, const SynthesisNoise& noise, const LayerTap& tap) const;
  std::int64_t num_ws() const { return num_ws_; }
  const SynthesisOptions& options() const { return options_; }
  const std::vector<std::shared_ptr<SynthesisBlock>>& blocks() const { return blocks_; }

 private:
  SynthesisOptions options_;
  std::int64_t num_ws_ = 0;
  std::vector<std::shared_ptr<SynthesisBlock>> blocks_;
};

// Names: mapping.*, synthesis.*.
class StyleGan2Generator : public Generator {
 public:
  // mapping.w_dim and num_ws are taken from `synthesis`.
  StyleGan2Generator(MappingOptions mapping, const SynthesisOptions& synthesis);

  GeneratorShape shape() const override;
  at::Tensor map(const at::Tensor& z, const at::Tensor& c) override;
  at::Tensor synthesise(const at::Tensor& ws, const SynthesisNoise& noise) override;
  at::Tensor synthesise_tapped(const at::Tensor& ws, const SynthesisNoise& noise, const LayerTap& tap) override;
  void track_w(const at::Tensor& ws, const at::Tensor& c) override;
  at::Tensor w_average() const override;
  std::vector<std::pair<std::string, std::int64_t>> noise_sizes() const override;
  std::vector<at::Tensor> style_matrices() const override;

  std::shared_ptr<StyleMapping> mapping;
  std::shared_ptr<StyleGan2Synthesis> synthesis;
};

}  // namespace orrery::nn
