#include "engine/nn/pixelcnn_pp.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/conv_transpose2d.h>
#include <ATen/ops/elu.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/zeros.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "engine/nn/reset.h"
#include "engine/vae/logistic_mixture.h"

namespace orrery::nn {
namespace {

// Weights as direction and length (Salimans & Kingma 2016): w = g v / |v|, norms over all but the first dimension.
class NormedWeights : public torch::nn::Module, public Resettable {
 public:
  NormedWeights(std::vector<std::int64_t> shape, std::int64_t outputs) {
    std::vector<std::int64_t> lengths(shape.size(), 1);
    lengths[0] = shape[0];
    bias = register_parameter("bias", at::zeros({outputs}));
    g = register_parameter("weight_g", at::ones(lengths));
    v = register_parameter("weight_v", at::zeros(shape));
  }
  at::Tensor weight() const {
    std::vector<std::int64_t> others;
    for (std::int64_t d = 1; d < v.dim(); ++d) others.push_back(d);
    return v * (g / v.square().sum(others, true).sqrt());
  }
  void reset_weights(Rng rng) override {
    v.copy_(rng.fork("v").normal(v.sizes(), v.options().requires_grad(false)).mul_(0.05));
    g.fill_(1.0);
    bias.zero_();
  }
  at::Tensor bias, g, v;
};

enum class Shift { down, down_right };  // sees what is above, on both sides; sees what is above and to the left

// A convolution whose output at a pixel sees only what its shift allows, the pixel itself included. Weights under "conv" or "deconv".
class ShiftedConv : public torch::nn::Module {
 public:
  ShiftedConv(std::int64_t in, std::int64_t out, Shift shift, std::int64_t height, std::int64_t width, std::int64_t stride = 1, bool up = false)
      : shift_(shift), height_(height), width_(width), stride_(stride), up_(up) {
    const std::vector<std::int64_t> shape = up ? std::vector<std::int64_t>{in, out, height, width} : std::vector<std::int64_t>{out, in, height, width};
    weights_ = register_module(up ? "deconv" : "conv", std::make_shared<NormedWeights>(shape, out));
  }
  at::Tensor forward(const at::Tensor& x) const {
    const std::int64_t left = shift_ == Shift::down ? (width_ - 1) / 2 : width_ - 1, right = shift_ == Shift::down ? (width_ - 1) / 2 : 0;
    const std::int64_t stride[] = {stride_, stride_}, none[] = {0, 0}, one[] = {1, 1};
    if (!up_) return at::conv2d(at::constant_pad_nd(x, {left, right, height_ - 1, 0}), weights_->weight(), weights_->bias, at::IntArrayRef(stride));
    const at::Tensor y = at::conv_transpose2d(x, weights_->weight(), weights_->bias, at::IntArrayRef(stride), at::IntArrayRef(none), at::IntArrayRef(one));
    const std::int64_t first = shift_ == Shift::down ? (width_ - 1) / 2 : 0, cut = shift_ == Shift::down ? 2 * first : width_ - 1;
    return y.narrow(2, 0, y.size(2) - height_ + 1).narrow(3, first, y.size(3) - cut);
  }

 private:
  std::shared_ptr<NormedWeights> weights_;
  Shift shift_;
  std::int64_t height_, width_, stride_;
  bool up_;
};

at::Tensor one_down(const at::Tensor& x) { return at::constant_pad_nd(x.narrow(2, 0, x.size(2) - 1), {0, 0, 1, 0}); }
at::Tensor one_right(const at::Tensor& x) { return at::constant_pad_nd(x.narrow(3, 0, x.size(3) - 1), {1, 0, 0, 0}); }
at::Tensor concat_elu(const at::Tensor& x) { return at::elu(at::cat({x, -x}, 1)); }

// The same matrix at every pixel. Weights under "lin_a".
class Pointwise : public torch::nn::Module {
 public:
  Pointwise(std::int64_t in, std::int64_t out) { weights_ = register_module("lin_a", std::make_shared<NormedWeights>(std::vector<std::int64_t>{out, in}, out)); }
  at::Tensor forward(const at::Tensor& x) const { return at::linear(x.permute({0, 2, 3, 1}), weights_->weight(), weights_->bias).permute({0, 3, 1, 2}); }

 private:
  std::shared_ptr<NormedWeights> weights_;
};

// x + a sigmoid(b), (a, b) of two convolutions, with what comes over a short-cut added between them.
class GatedBlock : public torch::nn::Module {
 public:
  GatedBlock(std::int64_t width, Shift shift, std::int64_t shortcut, double dropout) : dropout_(dropout) {
    const std::int64_t across = shift == Shift::down ? 3 : 2;
    first_ = register_module("conv_input", std::make_shared<ShiftedConv>(2 * width, width, shift, 2, across));
    if (shortcut > 0) skip_ = register_module("nin_skip", std::make_shared<Pointwise>(2 * shortcut * width, width));
    second_ = register_module("conv_out", std::make_shared<ShiftedConv>(2 * width, 2 * width, shift, 2, across));
  }
  at::Tensor forward(const at::Tensor& x, const at::Tensor& shortcut, Rng* dropout) const {
    at::Tensor h = first_->forward(concat_elu(x));
    if (skip_ != nullptr) h = h + skip_->forward(concat_elu(shortcut));
    h = concat_elu(h);
    if (dropout != nullptr && dropout_ > 0.0) {
      const at::Tensor kept = dropout->uniform({h.size(0), h.size(1), 1, 1}, h.options().requires_grad(false)).ge(dropout_);
      h = h * kept.to(h.scalar_type()).div_(1.0 - dropout_);
    }
    const auto halves = second_->forward(h).chunk(2, 1);
    return x + halves[0] * at::sigmoid(halves[1]);
  }

 private:
  std::shared_ptr<ShiftedConv> first_, second_;
  std::shared_ptr<Pointwise> skip_;
  double dropout_;
};

// Blocks of one resolution in both streams.
struct Level {
  std::vector<std::shared_ptr<GatedBlock>> u, ul;
};

std::string numbered(const std::string& name, std::size_t i) { return name + "." + std::to_string(i); }

}  // namespace

struct PixelCnnPp::Parts {
  std::shared_ptr<ShiftedConv> u_init, ul_above, ul_left;
  std::vector<Level> coarser, finer;
  std::vector<std::shared_ptr<ShiftedConv>> down_u, down_ul, up_u, up_ul;
  std::shared_ptr<Pointwise> out;
};

PixelCnnPp::~PixelCnnPp() = default;

PixelCnnPp::PixelCnnPp(const PixelCnnOptions& o) : parts_(std::make_unique<Parts>()), options_(o) {
  auto& p = *parts_;
  const auto list = [this](const char* name) { return register_module(name, std::make_shared<torch::nn::Module>()); };
  const auto add = [](torch::nn::Module& to, std::size_t number, auto module) { return to.register_module(std::to_string(number), std::move(module)); };
  const auto levels = [&](const char* name, std::vector<std::int64_t> counts, std::int64_t u_shortcut, std::int64_t ul_shortcut, std::vector<Level>& out) {
    const auto rows = list(name);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const auto row = add(*rows, i, std::make_shared<torch::nn::Module>());
      const auto u = row->register_module("u_stream", std::make_shared<torch::nn::Module>()), ul = row->register_module("ul_stream", std::make_shared<torch::nn::Module>());
      Level level;
      for (std::size_t k = 0; k < static_cast<std::size_t>(counts[i]); ++k) {
        level.u.push_back(add(*u, k, std::make_shared<GatedBlock>(o.width, Shift::down, u_shortcut, o.dropout)));
        level.ul.push_back(add(*ul, k, std::make_shared<GatedBlock>(o.width, Shift::down_right, ul_shortcut, o.dropout)));
      }
      out.push_back(std::move(level));
    }
  };
  levels("up_layers", {o.blocks, o.blocks, o.blocks}, 0, 1, p.coarser);
  levels("down_layers", {o.blocks, o.blocks + 1, o.blocks + 1}, 1, 2, p.finer);
  const auto resampling = [&](const char* name, Shift shift, bool up, std::vector<std::shared_ptr<ShiftedConv>>& out) {
    const auto rows = list(name);
    for (std::size_t i = 0; i < 2; ++i) out.push_back(add(*rows, i, std::make_shared<ShiftedConv>(o.width, o.width, shift, 2, shift == Shift::down ? 3 : 2, 2, up)));
  };
  resampling("downsize_u_stream", Shift::down, false, p.down_u);
  resampling("downsize_ul_stream", Shift::down_right, false, p.down_ul);
  resampling("upsize_u_stream", Shift::down, true, p.up_u);
  resampling("upsize_ul_stream", Shift::down_right, true, p.up_ul);
  const std::int64_t in = o.channels + 1;
  p.u_init = register_module("u_init", std::make_shared<ShiftedConv>(in, o.width, Shift::down, 2, 3));
  const auto ul_init = list("ul_init");
  p.ul_above = add(*ul_init, 0, std::make_shared<ShiftedConv>(in, o.width, Shift::down, 1, 3));
  p.ul_left = add(*ul_init, 1, std::make_shared<ShiftedConv>(in, o.width, Shift::down_right, 2, 1));
  p.out = register_module("nin_out", std::make_shared<Pointwise>(o.width, vae::logistic_mixture_values(o.channels, o.mixtures)));
}

at::Tensor PixelCnnPp::forward(const at::Tensor& pictures, Rng* dropout, const LayerTap& tap) const {
  if (pictures.size(2) % 4 != 0 || pictures.size(3) % 4 != 0) throw std::invalid_argument("the sides of a picture must be multiples of 4");
  const auto& p = *parts_;
  const auto seen = [&tap](const std::string& name, at::Tensor x) {
    if (tap) tap(name, x);
    return x;
  };
  // A plane of ones tells padding from black.
  const at::Tensor x = at::cat({pictures, at::ones_like(pictures.narrow(1, 0, 1))}, 1);
  std::vector<at::Tensor> us{seen("u_init", one_down(p.u_init->forward(x)))};
  const at::Tensor above = seen("ul_init.0", one_down(p.ul_above->forward(x))), left = seen("ul_init.1", one_right(p.ul_left->forward(x)));
  std::vector<at::Tensor> uls{above + left};
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string row = numbered("up_layers", i);
    for (std::size_t k = 0; k < p.coarser[i].u.size(); ++k) {
      us.push_back(seen(numbered(row + ".u_stream", k), p.coarser[i].u[k]->forward(us.back(), {}, dropout)));
      uls.push_back(seen(numbered(row + ".ul_stream", k), p.coarser[i].ul[k]->forward(uls.back(), us.back(), dropout)));
    }
    if (i == 2) break;
    us.push_back(seen(numbered("downsize_u_stream", i), p.down_u[i]->forward(us.back())));
    uls.push_back(seen(numbered("downsize_ul_stream", i), p.down_ul[i]->forward(uls.back())));
  }
  const auto take = [](std::vector<at::Tensor>& list) {
    at::Tensor last = list.back();
    list.pop_back();
    return last;
  };
  at::Tensor u = take(us), ul = take(uls);
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string row = numbered("down_layers", i);
    for (std::size_t k = 0; k < p.finer[i].u.size(); ++k) {
      u = seen(numbered(row + ".u_stream", k), p.finer[i].u[k]->forward(u, take(us), dropout));
      ul = seen(numbered(row + ".ul_stream", k), p.finer[i].ul[k]->forward(ul, at::cat({u, take(uls)}, 1), dropout));
    }
    if (i == 2) break;
    u = seen(numbered("upsize_u_stream", i), p.up_u[i]->forward(u));
    ul = seen(numbered("upsize_ul_stream", i), p.up_ul[i]->forward(ul));
  }
  return seen("nin_out", p.out->forward(at::elu(ul)));
}

at::Tensor sample_pixels(const PixelCnnPp& net, at::IntArrayRef shape, const at::TensorOptions& options, const std::function<PixelDraws(std::int64_t pixel)>& draws) {
  const at::NoGradGuard no_grad;
  at::Tensor picture = at::zeros(shape, options);
  for (std::int64_t y = 0; y < shape[2]; ++y) {
    for (std::int64_t x = 0; x < shape[3]; ++x) {
      const PixelDraws d = draws(y * shape[3] + x);
      const at::Tensor drawn = vae::sample_logistic_mixture(net.forward(picture), d.which, d.where);
      picture.select(2, y).select(2, x).copy_(drawn.select(2, y).select(2, x));
    }
  }
  return picture;
}

}  // namespace orrery::nn
