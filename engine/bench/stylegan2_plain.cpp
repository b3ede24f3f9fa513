#include "engine/bench/stylegan2_plain.h"

#include <ATen/ATen.h>

#include <cmath>
#include <stdexcept>

#include "engine/nn/minibatch_std.h"
#include "kernels/plain/plain_ops.h"

namespace orrery::bench {
namespace {

namespace plain = kernels::plain;
using kernels::Activation;
using kernels::BiasAct;

BiasAct activation(Activation a, double gain = 1.0, double clamp = -1.0) {
  BiasAct o;
  o.activation = a;
  o.gain = kernels::default_gain(a) * gain;
  o.clamp = clamp >= 0 ? clamp * gain : -1.0;
  return o;
}

at::Tensor linear(const nn::EqualLinear& layer, const at::Tensor& x) {
  const auto& o = layer.options();
  const at::Tensor w = layer.weight * layer.weight_gain();
  const at::Tensor b = layer.bias.defined() && o.lr_multiplier != 1.0 ? layer.bias * o.lr_multiplier : layer.bias;
  if (o.activation == Activation::linear && b.defined()) return at::addmm(b, x, w.t());
  return plain::bias_act(at::matmul(x, w.t()), b, activation(o.activation));
}

at::Tensor filtered(const at::Tensor& x, const at::Tensor& filter, std::int64_t up, std::int64_t down, std::array<std::int64_t, 4> padding, double gain) {
  return plain::upfirdn2d(x, filter, {up, up, down, down, padding, false, gain});
}

at::Tensor conv(const at::Tensor& x, const at::Tensor& w, std::int64_t stride, std::int64_t pad, std::int64_t groups) {
  const std::vector<std::int64_t> strides{stride, stride}, pads{pad, pad}, ones{1, 1};
  return at::conv2d(x, w, {}, strides, pads, ones, groups);
}

// Twice up by a transposed convolution, then the filter that removes what zero-insertion added. w [groups * O, I, 3, 3].
at::Tensor conv_up(const at::Tensor& x, const at::Tensor& w, const at::Tensor& filter, std::int64_t groups) {
  const auto o = w.size(0) / groups, i = w.size(1);
  const at::Tensor kernel = w.view({groups, o, i, 3, 3}).transpose(1, 2).reshape({groups * i, o, 3, 3});
  const std::vector<std::int64_t> two{2, 2}, none{0, 0};
  const at::Tensor y = at::conv_transpose2d(x, kernel, {}, two, none, none, groups);
  return filtered(y, filter, 1, 1, {1, 1, 1, 1}, 4.0);
}

at::Tensor modulated(const at::Tensor& x, const at::Tensor& w, const at::Tensor& styles, const at::Tensor& noise, const at::Tensor& filter, std::int64_t up, bool demodulate, bool fused) {
  const auto n = x.size(0), o = w.size(0), i = w.size(1), k = w.size(2);
  at::Tensor weights, scale;
  if (demodulate || fused) weights = w.unsqueeze(0) * styles.view({n, 1, i, 1, 1});
  if (demodulate) scale = (weights.square().sum({2, 3, 4}) + 1e-8).rsqrt();
  at::Tensor y;
  if (fused) {
    if (demodulate) weights = weights * scale.view({n, o, 1, 1, 1});
    const at::Tensor in = x.reshape({1, n * i, x.size(2), x.size(3)});
    weights = weights.view({n * o, i, k, k});
    y = up > 1 ? conv_up(in, weights, filter, n) : conv(in, weights, 1, k / 2, n);
    y = y.view({n, o, y.size(2), y.size(3)});
    return noise.defined() ? y + noise : y;
  }
  y = x * styles.view({n, i, 1, 1});
  y = up > 1 ? conv_up(y, w, filter, 1) : conv(y, w, 1, k / 2, 1);
  if (!demodulate) return y;
  scale = scale.view({n, o, 1, 1});
  return noise.defined() ? at::addcmul(noise, y, scale) : y * scale;
}

at::Tensor noise_of(const nn::SynthesisLayer& layer, const SynthesisNoise& noise, std::uint64_t index) {
  if (!layer.noise_strength.defined() || noise.mode == SynthesisNoise::Mode::none) return {};
  const auto side = layer.noise_const.size(0);
  const at::Tensor map = noise.mode == SynthesisNoise::Mode::random ? normal_per_sample(noise.seeds, index, {1, side, side}, layer.noise_const.options()) : layer.noise_const;
  return map * layer.noise_strength;
}

class PlainGenerator : public Generator {
 public:
  PlainGenerator(std::shared_ptr<nn::StyleGan2Generator> g, bool fused) : g_(register_module("g", std::move(g))), fused_(fused) {
    if (g_->synthesis->options().architecture != nn::Architecture::skip) throw std::invalid_argument("the plain generator knows the skip architecture only");
  }

  GeneratorShape shape() const override { return g_->shape(); }
  void track_w(const at::Tensor& ws, const at::Tensor& c) override { g_->track_w(ws, c); }

  at::Tensor map(const at::Tensor& z, const at::Tensor& c) override {
    const auto& mapping = *g_->mapping;
    const auto normalised = [](const at::Tensor& x) { return x * (x.square().mean(1, /*keepdim=*/true) + 1e-8).rsqrt(); };
    at::Tensor x = normalised(z);
    if (mapping.embed()) x = at::cat({x, normalised(linear(*mapping.embed(), c))}, 1);
    for (const auto& layer : mapping.layers()) x = linear(*layer, x);
    return x.unsqueeze(1).repeat({1, mapping.options().num_ws, 1});
  }

  at::Tensor synthesise(const at::Tensor& ws, const SynthesisNoise& noise) override {
    const auto& o = g_->synthesis->options();
    at::Tensor x, image;
    std::int64_t next = 0;
    const auto convolve = [&](const nn::SynthesisLayer& layer, std::int64_t up) {
      const at::Tensor y = modulated(x, layer.weight, linear(*layer.affine, ws.select(1, next)), noise_of(layer, noise, static_cast<std::uint64_t>(next)), layer.resample_filter, up, true, fused_);
      x = plain::bias_act(y, layer.bias, activation(o.activation, 1.0, o.conv_clamp));
      ++next;
    };
    for (const auto& block : g_->synthesis->blocks()) {
      if (block->conv0) convolve(*block->conv0, 2);
      else x = block->constant.unsqueeze(0).repeat({ws.size(0), 1, 1, 1});
      convolve(*block->conv1, 1);
      const auto& rgb = *block->torgb;
      const at::Tensor styles = linear(*rgb.affine, ws.select(1, next)) * (1.0 / std::sqrt(static_cast<double>(rgb.weight.size(1))));
      const at::Tensor y = plain::bias_act(modulated(x, rgb.weight, styles, {}, {}, 1, false, fused_), rgb.bias, activation(Activation::linear, 1.0, o.conv_clamp));
      image = image.defined() ? filtered(image, block->resample_filter, 2, 1, {2, 1, 2, 1}, 4.0) + y : y;
    }
    return image;
  }

 private:
  std::shared_ptr<nn::StyleGan2Generator> g_;
  bool fused_;
};

at::Tensor conv_layer(const nn::ConvLayer& layer, const at::Tensor& x, double gain = 1.0) {
  const auto& o = layer.options();
  const at::Tensor w = layer.weight * layer.weight_gain();
  at::Tensor y;
  if (o.down == 1) y = conv(x, w, 1, o.kernel / 2, 1);
  else if (o.kernel == 1) y = conv(filtered(x, layer.resample_filter, 1, 2, {1, 1, 1, 1}, 1.0), w, 1, 0, 1);
  else y = conv(filtered(x, layer.resample_filter, 1, 1, {2, 2, 2, 2}, 1.0), w, 2, 0, 1);
  return plain::bias_act(y, layer.bias, activation(o.activation, gain, o.conv_clamp));
}

class PlainDiscriminator : public Discriminator {
 public:
  explicit PlainDiscriminator(std::shared_ptr<nn::StyleGan2Discriminator> d) : d_(register_module("d", std::move(d))) {
    if (d_->options().architecture != nn::Architecture::resnet || d_->mapping()) throw std::invalid_argument("the plain discriminator knows the resnet architecture without classes only");
  }

  at::Tensor forward(const at::Tensor& images, const at::Tensor&, const LayerTap&) override {
    const double residual = std::sqrt(0.5);
    at::Tensor x;
    for (const auto& block : d_->blocks()) {
      if (block->fromrgb) x = conv_layer(*block->fromrgb, images);
      const at::Tensor around = conv_layer(*block->skip, x, residual);
      x = conv_layer(*block->conv0, x);
      x = around + conv_layer(*block->conv1, x, residual);
    }
    const auto& last = d_->epilogue();
    if (d_->options().mbstd_channels > 0) x = nn::minibatch_std(x, d_->options().mbstd_group, d_->options().mbstd_channels);
    x = conv_layer(*last.conv, x);
    return linear(*last.out, linear(*last.fc, x.flatten(1)));
  }

 private:
  std::shared_ptr<nn::StyleGan2Discriminator> d_;
};

}  // namespace

std::shared_ptr<Generator> plain_generator(std::shared_ptr<nn::StyleGan2Generator> g, bool fused) { return std::make_shared<PlainGenerator>(std::move(g), fused); }
std::shared_ptr<Discriminator> plain_discriminator(std::shared_ptr<nn::StyleGan2Discriminator> d) { return std::make_shared<PlainDiscriminator>(std::move(d)); }

}  // namespace orrery::bench
