#include "engine/features/efficientnet_lite.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/hardtanh.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "engine/api/result.h"
#include "engine/features/weights.h"

namespace orrery::features {
namespace {

constexpr double norm_eps = 1e-3;

struct Stage { int repeats; std::int64_t kernel, stride, expand, in, out; };
// Table 1 of the EfficientNet paper, with the first and last stage of the Lite variants.
constexpr Stage stages[] = {{1, 3, 1, 1, 32, 16}, {2, 3, 2, 6, 16, 24}, {2, 5, 2, 6, 24, 40}, {3, 3, 2, 6, 40, 80}, {3, 5, 1, 6, 80, 112}, {4, 5, 2, 6, 112, 192}, {1, 3, 1, 6, 192, 320}};

// SAME padding: ceil(size / stride) outputs; the odd one goes to the far side.
std::int64_t total_padding(std::int64_t size, std::int64_t kernel, std::int64_t stride) {
  return std::max<std::int64_t>(((size + stride - 1) / stride - 1) * stride + kernel - size, 0);
}

struct Layer { std::string conv, norm; std::int64_t kernel, stride, in, out, groups; bool activate; };

// The layers of a block, in order, by the package's names.
std::vector<Layer> layers_of(int block, const Stage& stage, bool first) {
  const std::string prefix = "_blocks." + std::to_string(block) + ".";
  const std::int64_t in = first ? stage.in : stage.out, wide = in * stage.expand;
  std::vector<Layer> layers;
  if (stage.expand != 1) layers.push_back({prefix + "_expand_conv", prefix + "_bn0", 1, 1, in, wide, 1, true});
  layers.push_back({prefix + "_depthwise_conv", prefix + "_bn1", stage.kernel, first ? stage.stride : 1, wide, wide, wide, true});
  layers.push_back({prefix + "_project_conv", prefix + "_bn2", 1, 1, wide, stage.out, 1, false});
  return layers;
}
const Layer stem_layer{"_conv_stem", "_bn0", 3, 2, 3, 32, 1, true};
const Layer head_layer{"_conv_head", "_bn1", 1, 1, 320, EfficientNetLite0::pool_width, 1, true};

template <class Visit> void each_layer(Visit visit) {
  visit(stem_layer);
  int block = 0;
  for (const Stage& stage : stages)
    for (int repeat = 0; repeat < stage.repeats; ++repeat)
      for (const Layer& layer : layers_of(block++, stage, repeat == 0)) visit(layer);
  visit(head_layer);
}

// Takes the tensor of a name, under either naming, after a check of its shape; remembers what was wrong.
class Taker {
 public:
  explicit Taker(const std::map<std::string, at::Tensor>& weights) : weights_(weights), timm_(weights.count("conv_stem.weight") != 0) {}
  at::Tensor take(const std::string& name, at::IntArrayRef shape) {
    const auto found = weights_.find(timm_ ? EfficientNetLite0::timm_name(name) : name);
    if (found == weights_.end()) {
      complain("lacks " + name);
      return at::zeros(shape, at::kDouble);
    }
    ++taken_;
    if (found->second.sizes() != shape) {
      complain(name + " has another shape");
      return at::zeros(shape, at::kDouble);
    }
    return found->second.detach().to(at::kDouble);
  }
  void finish() {
    if (taken_ < weights_.size()) complain(std::to_string(weights_.size() - taken_) + " tensors are left over");
    if (!wrong_.empty()) throw Error(ErrorCode::bad_input, "These are not the weights of EfficientNet-Lite0: " + wrong_ + ".", "Nothing was changed.", "Run: ./app/fetch_weights efficientnet_lite0");
  }

 private:
  void complain(const std::string& what) { if (++complaints_ <= 5) wrong_ += (wrong_.empty() ? "" : ", ") + what; }
  const std::map<std::string, at::Tensor>& weights_;
  bool timm_;
  std::size_t taken_ = 0;
  int complaints_ = 0;
  std::string wrong_;
};

}  // namespace

std::string EfficientNetLite0::timm_name(const std::string& name) {
  const auto rest = [&](std::string_view prefix) { return name.substr(prefix.size()); };
  const std::pair<std::string_view, std::string_view> outer[] = {{"_conv_stem.", "conv_stem."}, {"_bn0.", "bn1."}, {"_conv_head.", "conv_head."}, {"_bn1.", "bn2."}, {"_fc.", "classifier."}};
  for (const auto& [ours, theirs] : outer)
    if (name.starts_with(ours)) return std::string(theirs) + rest(ours);
  if (!name.starts_with("_blocks.")) return name;
  int flat = std::stoi(name.substr(8)), stage = 0;
  while (flat >= stages[stage].repeats) flat -= stages[stage++].repeats;
  const std::string inner = name.substr(name.find('.', 8) + 1);
  const std::pair<std::string_view, std::string_view> first[] = {{"_depthwise_conv.", "conv_dw."}, {"_bn1.", "bn1."}, {"_project_conv.", "conv_pw."}, {"_bn2.", "bn2."}};
  const std::pair<std::string_view, std::string_view> other[] = {{"_expand_conv.", "conv_pw."}, {"_bn0.", "bn1."}, {"_depthwise_conv.", "conv_dw."}, {"_bn1.", "bn2."}, {"_project_conv.", "conv_pwl."}, {"_bn2.", "bn3."}};
  const std::string prefix = "blocks." + std::to_string(stage) + "." + std::to_string(flat) + ".";
  const auto mapped = [&](const auto& table) -> std::string {
    for (const auto& [ours, theirs] : table)
      if (inner.starts_with(ours)) return prefix + std::string(theirs) + inner.substr(ours.size());
    return name;
  };
  return stage == 0 ? mapped(first) : mapped(other);
}

std::vector<std::string> EfficientNetLite0::names() {
  std::vector<std::string> names;
  each_layer([&](const Layer& layer) {
    names.push_back(layer.conv + ".weight");
    for (const char* part : {".weight", ".bias", ".running_mean", ".running_var", ".num_batches_tracked"}) names.push_back(layer.norm + part);
  });
  names.insert(names.end(), {"_fc.weight", "_fc.bias"});
  return names;
}

std::shared_ptr<EfficientNetLite0> EfficientNetLite0::load(const std::string& device, at::ScalarType dtype) {
  return std::make_shared<EfficientNetLite0>(load_part("efficientnet_lite0"), device, dtype);
}

EfficientNetLite0::EfficientNetLite0(const std::map<std::string, at::Tensor>& weights, const std::string& device, at::ScalarType dtype) {
  const at::NoGradGuard no_grad;
  const auto options = at::TensorOptions().dtype(dtype).device(at::Device(device));
  Taker taker(weights);
  const auto folded = [&](const Layer& layer) {
    const at::Tensor weight = taker.take(layer.conv + ".weight", {layer.out, layer.in / layer.groups, layer.kernel, layer.kernel});
    const at::Tensor gain = taker.take(layer.norm + ".weight", {layer.out}), bias = taker.take(layer.norm + ".bias", {layer.out});
    const at::Tensor mean = taker.take(layer.norm + ".running_mean", {layer.out}), variance = taker.take(layer.norm + ".running_var", {layer.out});
    taker.take(layer.norm + ".num_batches_tracked", {});
    const at::Tensor scale = gain / (variance + norm_eps).sqrt();
    return Conv{(weight * scale.view({-1, 1, 1, 1})).contiguous().to(options), (bias - mean * scale).to(options), layer.kernel, layer.stride, layer.groups, layer.activate};
  };
  stem_ = folded(stem_layer);
  int number = 0;
  for (const Stage& stage : stages)
    for (int repeat = 0; repeat < stage.repeats; ++repeat) {
      Block block;
      for (const Layer& layer : layers_of(number++, stage, repeat == 0)) block.convs.push_back(folded(layer));
      block.residual = repeat > 0;
      blocks_.push_back(std::move(block));
    }
  head_ = folded(head_layer);
  classifier_weight_ = taker.take("_fc.weight", {1000, pool_width}).contiguous().to(options);
  classifier_bias_ = taker.take("_fc.bias", {1000}).to(options);
  taker.finish();
}

at::Tensor EfficientNetLite0::run(const Conv& conv, const at::Tensor& x) {
  const std::int64_t down = total_padding(x.size(2), conv.kernel, conv.stride), across = total_padding(x.size(3), conv.kernel, conv.stride);
  const bool even = down % 2 == 0 && across % 2 == 0;
  const at::Tensor padded = even ? x : at::constant_pad_nd(x, {across / 2, across - across / 2, down / 2, down - down / 2}, 0);
  const std::int64_t rows = even ? down / 2 : 0, columns = even ? across / 2 : 0;
  const at::Tensor y = at::conv2d(padded, conv.weight, conv.bias, {conv.stride, conv.stride}, {rows, columns}, {1, 1}, conv.groups);
  if (!conv.activate) return y;
  return y.requires_grad() ? at::hardtanh(y, 0, 6) : y.clamp_(0, 6);
}

at::Tensor EfficientNetLite0::trunk(const at::Tensor& x, EfficientNetOutput& out, bool with_blocks) const {
  if (x.dim() != 4 || x.size(1) != 3) throw Error(ErrorCode::failed, "EfficientNet-Lite0 takes pictures [N, 3, H, W].");
  at::Tensor y = run(stem_, x.contiguous(at::MemoryFormat::ChannelsLast));  // up to twice as fast on a CPU
  int stage = 0, left = stages[0].repeats;
  for (const Block& block : blocks_) {
    at::Tensor z = y;
    for (const Conv& conv : block.convs) z = run(conv, z);
    y = block.residual ? y + z : z;
    if (with_blocks) out.blocks.push_back(y);
    if (--left > 0) continue;
    // Maps as Projected GAN takes them: after the stages of indices 1, 2, 4, 6.
    if (stage == 1) out.maps[0] = y;
    if (stage == 2) out.maps[1] = y;
    if (stage == 4) out.maps[2] = y;
    if (stage == 6) out.maps[3] = y;
    if (++stage < 7) left = stages[stage].repeats;
  }
  return y;
}

EfficientNetOutput EfficientNetLite0::forward(const at::Tensor& x, bool with_blocks) const {
  EfficientNetOutput out;
  out.pool = run(head_, trunk(x, out, with_blocks)).mean({2, 3});
  out.logits = at::linear(out.pool, classifier_weight_, classifier_bias_);
  return out;
}

at::Tensor EfficientNetLite0::pool(const at::Tensor& x) const {
  EfficientNetOutput out;
  return run(head_, trunk(x, out, false)).mean({2, 3});
}

std::array<at::Tensor, 4> EfficientNetLite0::maps(const at::Tensor& x) const {
  EfficientNetOutput out;
  trunk(x, out, false);
  return out.maps;
}

}  // namespace orrery::features
