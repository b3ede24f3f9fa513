#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/leaky_relu.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/api/result.h"
#include "engine/nn/vqgan_discriminators.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

namespace orrery::nn {
namespace {

std::shared_ptr<Conv2d> conv(std::int64_t in, std::int64_t out, std::int64_t kernel, bool bias) {
  ConvOptions o;
  o.kernel = kernel;
  o.bias = bias;
  return std::make_shared<Conv2d>(in, out, o);
}

at::Tensor active(const at::Tensor& x) { return at::leaky_relu(x, 0.2); }

std::int64_t width_at(const ResidualDiscriminatorOptions& o, std::int64_t px) {
  const auto told = o.widths.find(px);
  return told != o.widths.end() ? told->second : std::min<std::int64_t>(512, 16384 / px);
}

}  // namespace

at::Tensor blur_pool(const at::Tensor& x, std::int64_t taps) {
  std::vector<double> row{1.0};
  for (std::int64_t i = 1; i < taps; ++i) {
    row.push_back(0.0);
    for (std::size_t k = row.size() - 1; k > 0; --k) row[k] += row[k - 1];
  }
  const auto before_and_after = [&](std::int64_t size) {
    const auto all = std::max<std::int64_t>(((size + 1) / 2 - 1) * 2 + taps - size, 0);
    return std::array<std::int64_t, 2>{all / 2, all - all / 2};
  };
  const auto wide = before_and_after(x.size(3)), high = before_and_after(x.size(2));
  kernels::UpFirDn o;
  o.down_x = o.down_y = 2;
  o.padding = {wide[0], wide[1], high[0], high[1]};
  return kernels::upfirdn2d(x, kernels::setup_filter(row).to(x.device()), o);
}

struct ResidualDiscriminator::Block : torch::nn::Module {
  Block(std::int64_t in, std::int64_t out) {
    conv0 = register_module("conv0", conv(in, in, 3, true));
    skip = register_module("skip", conv(in, out, 1, false));
    conv1 = register_module("conv1", conv(in, out, 3, true));
  }
  at::Tensor forward(const at::Tensor& x, bool blur) const {
    const auto smaller = [&](const at::Tensor& y) { return blur ? blur_pool(y, 4) : at::avg_pool2d(y, {2, 2}, {2, 2}); };
    const at::Tensor main = active(conv1->forward(smaller(active(conv0->forward(x)))));
    return (skip->forward(smaller(x)) + main) * std::sqrt(0.5);
  }
  std::shared_ptr<Conv2d> conv0, skip, conv1;
};

ResidualDiscriminator::~ResidualDiscriminator() = default;

ResidualDiscriminator::ResidualDiscriminator(const ResidualDiscriminatorOptions& o) : blur_(o.blur) {
  if (o.image_px < 8 || (o.image_px & (o.image_px - 1)) != 0)
    throw Error(ErrorCode::wrong_use, "The discriminator's pictures must be 8, 16, 32, ... pixels wide, not " + std::to_string(o.image_px) + ".", "Nothing was started.");
  conv_in_ = register_module("conv_in", conv(o.channels, width_at(o, o.image_px), 3, true));
  const auto list = register_module("blocks", std::make_shared<torch::nn::Module>());
  for (std::int64_t px = o.image_px; px > 4; px /= 2)
    blocks_.push_back(list->register_module(std::to_string(blocks_.size()), std::make_shared<Block>(width_at(o, px), width_at(o, px / 2))));
  const auto last = width_at(o, 4);
  conv_out_ = register_module("conv_out", conv(last, last, 3, true));
  dense0_ = register_module("dense0", std::make_shared<Linear>(last * 16, last));
  dense1_ = register_module("dense1", std::make_shared<Linear>(last, 1));
}

at::Tensor ResidualDiscriminator::forward(const at::Tensor& pictures, const LayerTap& tap) const {
  const auto seen = [&](const std::string& name, at::Tensor x) {
    if (tap) tap(name, x);
    return x;
  };
  at::Tensor x = active(seen("conv_in", conv_in_->forward(pictures)));
  for (std::size_t i = 0; i < blocks_.size(); ++i) x = seen("blocks." + std::to_string(i), blocks_[i]->forward(x, blur_));
  x = active(seen("conv_out", conv_out_->forward(x)));
  return dense1_->forward(active(seen("dense0", dense0_->forward(x.flatten(1)))));
}

namespace {

struct Entry {
  std::string own, flax;
  enum class Layout { same, kernel, dense, first_dense } layout = Layout::same;
};

std::vector<Entry> entries(std::int64_t blocks) {
  using Layout = Entry::Layout;
  std::vector<Entry> list;
  const auto add = [&](const std::string& own, const std::string& flax, Layout layout, bool bias = true) {
    list.push_back({own + ".weight", "params/" + flax + "/kernel", layout});
    if (bias) list.push_back({own + ".bias", "params/" + flax + "/bias"});
  };
  add("conv_in", "Conv_0", Layout::kernel);
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::string own = "blocks." + std::to_string(i), flax = "ResBlock_" + std::to_string(i);
    add(own + ".conv0", flax + "/Conv_0", Layout::kernel);
    add(own + ".skip", flax + "/Conv_1", Layout::kernel, false);
    add(own + ".conv1", flax + "/Conv_2", Layout::kernel);
  }
  add("conv_out", "Conv_1", Layout::kernel);
  add("dense0", "Dense_0", Layout::first_dense);
  add("dense1", "Dense_1", Layout::dense);
  return list;
}

const at::Tensor& find(const std::map<std::string, at::Tensor>& weights, const std::string& name) {
  const auto found = weights.find(name);
  if (found == weights.end()) throw Error(ErrorCode::bad_input, "The weights lack " + name + ".", "Nothing was changed.");
  return found->second;
}

}  // namespace

std::map<std::string, at::Tensor> residual_discriminator_from_flax(const std::map<std::string, at::Tensor>& weights, std::int64_t blocks) {
  std::map<std::string, at::Tensor> out, left = weights;
  for (const auto& [own, flax, layout] : entries(blocks)) {
    const at::Tensor& w = find(weights, flax);
    switch (layout) {
      case Entry::Layout::same: out[own] = w; break;
      case Entry::Layout::kernel: out[own] = w.permute({3, 2, 0, 1}).contiguous(); break;
      case Entry::Layout::dense: out[own] = w.t().contiguous(); break;
      case Entry::Layout::first_dense: out[own] = w.reshape({16, -1, w.size(1)}).permute({2, 1, 0}).reshape({w.size(1), -1}); break;
    }
    left.erase(flax);
  }
  if (!left.empty()) throw Error(ErrorCode::bad_input, "The weights hold " + left.begin()->first + ", which this network does not have.", "Nothing was changed.");
  return out;
}

std::map<std::string, at::Tensor> residual_discriminator_to_flax(const std::map<std::string, at::Tensor>& weights, std::int64_t blocks) {
  std::map<std::string, at::Tensor> out;
  for (const auto& [own, flax, layout] : entries(blocks)) {
    const at::Tensor& w = find(weights, own);
    switch (layout) {
      case Entry::Layout::same: out[flax] = w; break;
      case Entry::Layout::kernel: out[flax] = w.permute({2, 3, 1, 0}); break;
      case Entry::Layout::dense: out[flax] = w.t(); break;
      case Entry::Layout::first_dense: out[flax] = w.reshape({w.size(0), -1, 16}).permute({2, 1, 0}).reshape({-1, w.size(0)}); break;
    }
  }
  return out;
}

}  // namespace orrery::nn
