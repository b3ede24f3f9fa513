#include "engine/features/vgg16.h"

#include <ATen/ops/conv2d.h>
#include <ATen/ops/max_pool2d.h>
#include <ATen/ops/reflection_pad2d.h>
#include <ATen/ops/relu.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/upsample_bilinear2d.h>

#include <algorithm>

#include "engine/api/result.h"
#include "engine/features/weights.h"
#include "engine/io/checkpoint.h"
#include "kernels/conv3x3/conv3x3.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

namespace orrery::features {
namespace {

constexpr std::int64_t kSmallest_px = 32;  // below, the padding of the deepest scale would be wider than its map
constexpr std::array<std::int64_t, 5> kWidths{64, 128, 256, 512, 512};
constexpr std::array<std::size_t, 5> kConvs{2, 2, 3, 3, 3};

at::Tensor wanted(const std::map<std::string, at::Tensor>& weights, const std::string& name, at::IntArrayRef shape) {
  const auto found = weights.find(name);
  if (found == weights.end()) throw Error(ErrorCode::bad_input, "These are no weights of a perceptual distance: " + name + " is missing.", "Nothing was started.");
  if (found->second.sizes() != shape || !found->second.is_floating_point())
    throw Error(ErrorCode::bad_input, "These are no weights of a perceptual distance: " + name + " has another shape.", "Nothing was started.");
  return found->second;
}

// The numbers under which a scale's convolutions are stored, rising: they tell apart usual VGG16 and the one with blur layers between.
std::vector<std::string> convolutions(const std::map<std::string, at::Tensor>& weights, const std::string& prefix) {
  std::vector<std::pair<int, std::string>> found;
  for (const auto& [name, tensor] : weights) {
    if (name.rfind(prefix, 0) != 0 || !name.ends_with(".weight")) continue;
    const std::string number = name.substr(prefix.size(), name.size() - prefix.size() - 7);
    if (!number.empty() && number.size() < 4 && std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; })) found.emplace_back(std::stoi(number), prefix + number);
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> names;
  for (const auto& [number, name] : found) names.push_back(name);
  return names;
}

// Large maps by Winograd's method.
at::Tensor convolved(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (kernels::conv3x3_pays(x, weight.size(0), kernels::Conv3x3Form::same)) return kernels::conv3x3(x, weight) + bias.view({1, -1, 1, 1});
  return at::conv2d(x, weight, bias, at::IntArrayRef({1, 1}), at::IntArrayRef({1, 1}));
}

}  // namespace

std::shared_ptr<PerceptualDistance> PerceptualDistance::load(const std::string& device, at::ScalarType dtype) {
  return std::make_shared<PerceptualDistance>(load_part("vgg16_shift_tolerant"), device, dtype);
}

std::shared_ptr<PerceptualDistance> PerceptualDistance::from_file(const std::string& path, const std::string& device, at::ScalarType dtype) {
  for (const auto& set : io::read_checkpoint(path).sets)
    if (set.tensors.count("lin0.model.1.weight") != 0) return std::make_shared<PerceptualDistance>(set.tensors, device, dtype);
  throw Error(ErrorCode::bad_input, "The file " + path + " holds no weights of a perceptual distance.", "Nothing was started.", "It needs the state dict of LPIPS with VGG16: net.slice1..5 and lin0..4.");
}

PerceptualDistance::PerceptualDistance(const std::map<std::string, at::Tensor>& weights, const std::string& device, at::ScalarType dtype) {
  const auto options = at::TensorOptions().device(at::Device(device)).dtype(dtype);
  std::int64_t in = 3;
  for (std::size_t s = 0; s < scales_.size(); ++s) {
    const auto names = convolutions(weights, "net.slice" + std::to_string(s + 1) + ".");
    if (names.size() != kConvs[s]) throw Error(ErrorCode::bad_input, "These are no weights of a perceptual distance: scale " + std::to_string(s + 1) + " has not VGG16's convolutions.", "Nothing was started.");
    for (const auto& name : names) {
      scales_[s].push_back({wanted(weights, name + ".weight", {kWidths[s], in, 3, 3}).to(options).contiguous(), wanted(weights, name + ".bias", {kWidths[s]}).to(options)});
      in = kWidths[s];
    }
    heads_[s] = wanted(weights, "lin" + std::to_string(s) + ".model.1.weight", {1, in, 1, 1}).to(options);
  }
  // The usual mean and deviation of ImageNet's colours, for [-1, 1].
  shift_ = at::tensor({-.030, -.088, -.188}, at::kDouble).to(options).view({1, 3, 1, 1});
  scale_ = at::tensor({.458, .448, .450}, at::kDouble).to(options).view({1, 3, 1, 1});
  shift_tolerant_ = std::any_of(weights.begin(), weights.end(), [](const auto& item) { return item.first.rfind("net.", 0) == 0 && item.first.ends_with(".filt"); });
}

at::Tensor PerceptualDistance::smaller(const at::Tensor& x) const {
  if (!shift_tolerant_) return at::max_pool2d(x, {2, 2}, {2, 2});
  kernels::UpFirDn blur;
  blur.down_x = blur.down_y = 2;
  const at::Tensor padded = at::reflection_pad2d(at::max_pool2d(x, {2, 2}, {1, 1}), {2, 2, 2, 2});
  return kernels::upfirdn2d(padded, kernels::setup_filter(std::vector<double>{1.0, 2.0, 1.0}).to(x.device()), blur);
}

PerceptualDistance::Features PerceptualDistance::features(const at::Tensor& pictures) const {
  at::Tensor x = pictures.size(1) == 1 ? pictures.expand({-1, 3, -1, -1}) : pictures;
  if (x.dim() != 4 || x.size(1) != 3) throw Error(ErrorCode::wrong_use, "The perceptual distance wants grey or colour pictures.", "Nothing was computed.");
  if (const auto side = std::min(x.size(2), x.size(3)); side < kSmallest_px)
    x = at::upsample_bilinear2d(x, {x.size(2) * kSmallest_px / side, x.size(3) * kSmallest_px / side}, false);
  x = (x - shift_) / scale_;
  Features out;
  for (std::size_t s = 0; s < scales_.size(); ++s) {
    if (s > 0) x = smaller(x);
    for (const auto& conv : scales_[s]) x = at::relu(convolved(x, conv.weight, conv.bias));
    // Where a pixel is all zero the root has no derivative, and the length stays 0.
    const at::Tensor length = (x.square().sum(1, true) + 1e-20).sqrt();
    out[s] = x / (length + 1e-10);
  }
  return out;
}

at::Tensor PerceptualDistance::between(const Features& a, const Features& b) const {
  at::Tensor sum;
  for (std::size_t s = 0; s < heads_.size(); ++s) {
    const at::Tensor at_scale = ((a[s] - b[s]).square() * heads_[s]).sum(1, true).mean({2, 3}, true);
    sum = sum.defined() ? sum + at_scale : at_scale;
  }
  return sum;
}

}  // namespace orrery::features
