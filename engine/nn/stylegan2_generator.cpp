#include "engine/nn/stylegan2_generator.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "engine/nn/resample_conv.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

namespace orrery::nn {
namespace {

LinearOptions affine_options() {
  LinearOptions options;
  options.bias_init = 1.0;  // a style starts as the identity
  return options;
}

}  // namespace

Architecture architecture_from_name(const std::string& name) {
  if (name == "skip") return Architecture::skip;
  if (name == "resnet") return Architecture::resnet;
  if (name == "orig") return Architecture::orig;
  throw std::invalid_argument("unknown architecture \"" + name + "\"");
}

std::int64_t channels_at(std::int64_t resolution_px, std::int64_t channel_base, std::int64_t channel_max) {
  return std::min(channel_base / resolution_px, channel_max);
}

SynthesisLayer::SynthesisLayer(const SynthesisOptions& options, std::int64_t in_channels, std::int64_t out_channels,
                               std::int64_t resolution_px, std::int64_t up)
    : activation_(options.activation), conv_clamp_(options.conv_clamp), resolution_px_(resolution_px), up_(up) {
  affine = register_module("affine", std::make_shared<EqualLinear>(options.w_dim, in_channels, affine_options()));
  weight = register_parameter("weight", at::zeros({out_channels, in_channels, 3, 3}));
  bias = register_parameter("bias", at::zeros({out_channels}));
  resample_filter = register_buffer("resample_filter", kernels::setup_filter(options.resample_filter));
  if (options.use_noise) {
    noise_const = register_buffer("noise_const", at::zeros({resolution_px, resolution_px}));
    noise_strength = register_parameter("noise_strength", at::zeros({}));
  }
}

void SynthesisLayer::reset_weights(Rng rng) {
  const auto options = weight.options().requires_grad(false);
  weight.copy_(rng.fork("weight").normal(weight.sizes(), options));
  bias.zero_();
  if (!noise_strength.defined()) return;
  noise_strength.zero_();
  noise_const.copy_(rng.fork("noise_const").normal(noise_const.sizes(), options));
}

at::Tensor SynthesisLayer::make_noise(const SynthesisNoise& noise, const std::string& name, std::uint64_t index, std::int64_t batch) const {
  if (!noise_strength.defined() || noise.mode == SynthesisNoise::Mode::none) return {};
  at::Tensor map = noise_const;
  if (const auto given = noise.given.find(name); given != noise.given.end()) {
    map = given->second;
  } else if (noise.mode == SynthesisNoise::Mode::random) {
    if (static_cast<std::int64_t>(noise.seeds.size()) != batch) throw std::invalid_argument("random noise needs one seed per sample");
    map = normal_per_sample(noise.seeds, index, {1, resolution_px_, resolution_px_}, noise_const.options());
  }
  return map * (noise.strength == 1.0 ? noise_strength : noise_strength * noise.strength);
}

std::shared_ptr<const SynthesisLayer::Prepared> SynthesisLayer::prepared(kernels::Conv3x3Form form, bool tiled) const {
  return ready_.get(weight, is_training(), tiled, [&] {
    return Prepared{tiled ? kernels::conv3x3_weights(conv3x3_kernel(weight, resample_filter, form, convolution())) : kernels::conv3x3_plain_weights(weight), weight_power(weight)};
  });
}

ResampleConv SynthesisLayer::convolution() const {
  ResampleConv conv;
  conv.up = up_;
  conv.padding = {1, 1, 1, 1};
  conv.flip_weight = up_ == 1;
  return conv;
}

at::Tensor SynthesisLayer::forward(const at::Tensor& x, const at::Tensor& w, const SynthesisNoise& noise, const std::string& name,
                                   std::uint64_t index, double gain) const {
  const ResampleConv conv = convolution();
  kernels::BiasAct act;
  act.activation = activation_;
  act.gain = kernels::default_gain(activation_) * gain;
  act.clamp = conv_clamp_ >= 0 ? conv_clamp_ * gain : -1.0;
  const at::Tensor styles = affine->forward(w), added = make_noise(noise, name, index, x.size(0));
  const bool straight = activation_ == kernels::Activation::lrelu || activation_ == kernels::Activation::relu || activation_ == kernels::Activation::linear;
  if (!at::GradMode::is_enabled() && straight) {
    if (const auto form = conv3x3_form(x, weight.size(0), 3, resample_filter, conv)) {
      const auto ready = prepared(*form, true);
      return kernels::conv3x3_layer(x, ready->weights, *form, styles, demodulation_of_power(ready->power, styles), added, bias, act);
    }
    if (x.device().is_cpu() && x.scalar_type() == at::kFloat && (up_ == 1 || conv3x3_has_form(resample_filter))) {
      const auto form = up_ == 1 ? kernels::Conv3x3Form::same : kernels::Conv3x3Form::up;
      const auto ready = prepared(form, false);
      at::Tensor y = kernels::conv3x3_plain(x, ready->weights, form, styles);
      if (up_ == 2) y = kernels::upfirdn2d(y, resample_filter, {1, 1, 1, 1, {1, 1, 1, 1}, false, 4.0});
      y.mul_(demodulation_of_power(ready->power, styles).view({x.size(0), -1, 1, 1}));
      if (added.defined()) y.add_(added);
      return kernels::bias_act(y, bias, act);
    }
  }
  return kernels::bias_act(modulated_conv2d(x, weight, styles, added, resample_filter, conv), bias, act);
}

ToRgb::ToRgb(const SynthesisOptions& options, std::int64_t in_channels)
    : conv_clamp_(options.conv_clamp), weight_gain_(1.0 / std::sqrt(static_cast<double>(in_channels))) {
  affine = register_module("affine", std::make_shared<EqualLinear>(options.w_dim, in_channels, affine_options()));
  weight = register_parameter("weight", at::zeros({options.channels, in_channels, 1, 1}));
  bias = register_parameter("bias", at::zeros({options.channels}));
}

void ToRgb::reset_weights(Rng rng) {
  weight.copy_(rng.normal(weight.sizes(), weight.options().requires_grad(false)));
  bias.zero_();
}

at::Tensor ToRgb::forward(const at::Tensor& x, const at::Tensor& w) const {
  const auto n = x.size(0), in = weight.size(1), out = weight.size(0);
  const at::Tensor styles = affine->forward(w) * weight_gain_;
  const auto weights = [&] { return weight.view({1, out, in}) * styles.view({n, 1, in}); };
  at::Tensor y;
  if (x.is_contiguous(at::MemoryFormat::ChannelsLast) && !x.is_contiguous()) {
    // A matrix product with weights of each sample: only the small weights are scaled, and pictures with channels innermost are such
    // matrices as they lie.
    y = at::bmm(x.permute({0, 2, 3, 1}).reshape({n, -1, in}), weights().transpose(1, 2)).view({n, x.size(2), x.size(3), out}).permute({0, 3, 1, 2}).contiguous();
  } else if (at::GradMode::is_enabled()) {
    y = modulated_conv2d(x, weight, styles, {}, {}, {}, /*demodulate=*/false);
  } else {
    y = at::bmm(weights(), x.reshape({n, in, -1})).view({n, out, x.size(2), x.size(3)});
  }
  kernels::BiasAct act;
  act.clamp = conv_clamp_;
  return kernels::bias_act(y, bias, act);
}

SynthesisBlock::SynthesisBlock(const SynthesisOptions& options, std::int64_t in_channels, std::int64_t out_channels,
                               std::int64_t resolution, bool last)
    : resolution_px(resolution) {
  resample_filter = register_buffer("resample_filter", kernels::setup_filter(options.resample_filter));
  if (in_channels == 0) {
    constant = register_parameter("const", at::zeros({out_channels, resolution, resolution}));
  } else {
    conv0 = register_module("conv0", std::make_shared<SynthesisLayer>(options, in_channels, out_channels, resolution, 2));
  }
  conv1 = register_module("conv1", std::make_shared<SynthesisLayer>(options, out_channels, out_channels, resolution, 1));
  if (last || options.architecture == Architecture::skip) torgb = register_module("torgb", std::make_shared<ToRgb>(options, out_channels));
  if (in_channels != 0 && options.architecture == Architecture::resnet) {
    ConvLayerOptions conv;
    conv.kernel = 1;
    conv.bias = false;
    conv.up = 2;
    conv.resample_filter = options.resample_filter;
    skip = register_module("skip", std::make_shared<ConvLayer>(in_channels, out_channels, conv));
  }
}

void SynthesisBlock::reset_weights(Rng rng) {
  if (constant.defined()) constant.copy_(rng.normal(constant.sizes(), constant.options().requires_grad(false)));
}

StyleGan2Synthesis::StyleGan2Synthesis(const SynthesisOptions& options) : options_(options) {
  if (options_.resolution_px < 4 || (options_.resolution_px & (options_.resolution_px - 1)) != 0) {
    throw std::invalid_argument("StyleGAN2 pictures have a power of two of at least 4 pixels a side");
  }
  std::int64_t in = 0;
  for (std::int64_t resolution = 4; resolution <= options_.resolution_px; resolution *= 2) {
    const auto out = channels_at(resolution, options_.channel_base, options_.channel_max);
    const bool last = resolution == options_.resolution_px;
    blocks_.push_back(
        register_module("b" + std::to_string(resolution), std::make_shared<SynthesisBlock>(options_, in, out, resolution, last)));
    num_ws_ += blocks_.back()->convolutions() + (last ? 1 : 0);
    in = out;
  }
}

at::Tensor StyleGan2Synthesis::forward(const at::Tensor& ws, const SynthesisNoise& noise, const LayerTap& tap) const {
  const auto seen = [&](const std::string& name, const at::Tensor& value) {
    if (tap) tap(name, value);
  };
  const double residual = std::sqrt(0.5);
  at::Tensor x, image;
  std::int64_t next = 0;  // style of the next convolution
  for (const auto& block : blocks_) {
    const std::string prefix = "b" + std::to_string(block->resolution_px) + ".";
    const auto convolve = [&](const SynthesisLayer& layer, const char* name, double gain) {
      x = layer.forward(x, ws.select(1, next), noise, prefix + name, static_cast<std::uint64_t>(next), gain);
      ++next;
      seen(prefix + name, x);
    };
    at::Tensor around;
    if (block->conv0) {
      if (block->skip) seen(prefix + "skip", around = block->skip->forward(x, residual));
      convolve(*block->conv0, "conv0", 1.0);
    } else {
      x = block->constant.unsqueeze(0).expand({ws.size(0), -1, -1, -1});
    }
    convolve(*block->conv1, "conv1", around.defined() ? residual : 1.0);
    if (around.defined()) x = around + x;
    seen(prefix + "x", x);
    if (image.defined()) image = kernels::upsample2d(image, block->resample_filter);
    if (block->torgb) {
      const at::Tensor rgb = block->torgb->forward(x, ws.select(1, next));
      seen(prefix + "torgb", rgb);
      image = image.defined() ? image + rgb : rgb;
    }
    if (image.defined()) seen(prefix + "img", image);
  }
  return image;
}

StyleGan2Generator::StyleGan2Generator(MappingOptions mapping_options, const SynthesisOptions& synthesis_options) {
  synthesis = register_module("synthesis", std::make_shared<StyleGan2Synthesis>(synthesis_options));
  mapping_options.w_dim = synthesis_options.w_dim;
  mapping_options.num_ws = synthesis->num_ws();
  mapping = register_module("mapping", std::make_shared<StyleMapping>(mapping_options));
}

GeneratorShape StyleGan2Generator::shape() const {
  const auto& m = mapping->options();
  const auto& s = synthesis->options();
  return {m.z_dim, m.c_dim, s.w_dim, synthesis->num_ws(), s.resolution_px, s.channels, s.use_noise};
}

at::Tensor StyleGan2Generator::map(const at::Tensor& z, const at::Tensor& c) { return mapping->forward(z, c); }

at::Tensor StyleGan2Generator::synthesise(const at::Tensor& ws, const SynthesisNoise& noise) { return synthesis->forward(ws, noise, {}); }

at::Tensor StyleGan2Generator::synthesise_tapped(const at::Tensor& ws, const SynthesisNoise& noise, const LayerTap& tap) {
  return synthesis->forward(ws, noise, tap);
}

void StyleGan2Generator::track_w(const at::Tensor& ws, const at::Tensor&) { mapping->track(ws.select(1, 0)); }

at::Tensor StyleGan2Generator::w_average() const { return mapping->w_avg; }

std::vector<std::pair<std::string, std::int64_t>> StyleGan2Generator::noise_sizes() const {
  std::vector<std::pair<std::string, std::int64_t>> sizes;
  if (!synthesis->options().use_noise) return sizes;
  for (const auto& block : synthesis->blocks()) {
    const std::string prefix = "b" + std::to_string(block->resolution_px) + ".";
    if (block->conv0) sizes.emplace_back(prefix + "conv0", block->resolution_px);
    sizes.emplace_back(prefix + "conv1", block->resolution_px);
  }
  return sizes;
}

std::vector<at::Tensor> StyleGan2Generator::style_matrices() const {
  std::vector<at::Tensor> matrices;
  for (const auto& block : synthesis->blocks()) {
    if (block->conv0) matrices.push_back(block->conv0->affine->weight);
    matrices.push_back(block->conv1->affine->weight);
  }
  matrices.push_back(synthesis->blocks().back()->torgb->affine->weight);
  return matrices;
}

}  // namespace orrery::nn
