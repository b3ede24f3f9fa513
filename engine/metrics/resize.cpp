#include "engine/metrics/resize.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace orrery::metrics {
namespace {

double support_of(Filter filter) {
  switch (filter) {
    case Filter::box: return 0.5;
    case Filter::bilinear: return 1.0;
    case Filter::bicubic: return 2.0;
    case Filter::lanczos: return 3.0;
  }
  return 0.5;
}

double sinc(double x) { return x == 0 ? 1.0 : std::sin(x * std::numbers::pi) / (x * std::numbers::pi); }

double value_of(Filter filter, double x) {
  const double d = std::fabs(x);
  switch (filter) {
    case Filter::box: return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
    case Filter::bilinear: return d < 1 ? 1 - d : 0.0;
    case Filter::bicubic: {  // Keys 1981, a = -1/2
      constexpr double a = -0.5;
      if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
      if (d < 2) return ((d - 5) * d + 8) * d * a - 4 * a;
      return 0.0;
    }
    case Filter::lanczos: return d < 3 ? sinc(x) * sinc(x / 3) : 0.0;
  }
  return 0.0;
}

// The inputs and weights of one output.
struct Tap { std::int64_t first = 0; std::vector<double> weights; };

std::vector<Tap> taps_of(std::int64_t in, std::int64_t out, Filter filter) {
  const double scale = static_cast<double>(in) / static_cast<double>(out), stretch = std::max(scale, 1.0), support = support_of(filter) * stretch;
  std::vector<Tap> taps(static_cast<std::size_t>(out));
  for (std::int64_t i = 0; i < out; ++i) {
    Tap& tap = taps[static_cast<std::size_t>(i)];
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    tap.first = std::max<std::int64_t>(static_cast<std::int64_t>(centre - support + 0.5), 0);
    const std::int64_t end = std::min<std::int64_t>(static_cast<std::int64_t>(centre + support + 0.5), in);
    double sum = 0.0;
    for (std::int64_t k = tap.first; k < end; ++k) {
      tap.weights.push_back(value_of(filter, (static_cast<double>(k) - centre + 0.5) / stretch));
      sum += tap.weights.back();
    }
    if (sum != 0) for (double& weight : tap.weights) weight /= sum;
  }
  return taps;
}

// [in, out] so that rows of pixels times it are rows of the result.
at::Tensor matrix_of(std::int64_t in, std::int64_t out, Filter filter) {
  at::Tensor matrix = at::zeros({in, out}, at::kDouble);
  auto* values = matrix.data_ptr<double>();
  const auto taps = taps_of(in, out, filter);
  for (std::int64_t i = 0; i < out; ++i) {
    const Tap& tap = taps[static_cast<std::size_t>(i)];
    for (std::size_t k = 0; k < tap.weights.size(); ++k) values[(tap.first + static_cast<std::int64_t>(k)) * out + i] = tap.weights[k];
  }
  return matrix;
}

constexpr int fixed_bits = 22;  // 32 - 8 for the pixel - 2 to spare

at::Tensor bytes_across(const at::Tensor& pictures, std::int64_t out, Filter filter) {
  const std::int64_t in = pictures.size(-1);
  if (in == out) return pictures;
  const auto taps = taps_of(in, out, filter);
  std::vector<std::vector<std::int32_t>> fixed;
  for (const Tap& tap : taps) {
    auto& weights = fixed.emplace_back();
    for (const double w : tap.weights) weights.push_back(static_cast<std::int32_t>(w * (1 << fixed_bits) + (w < 0 ? -0.5 : 0.5)));
  }
  auto shape = pictures.sizes().vec();
  shape.back() = out;
  const at::Tensor source = pictures.contiguous();
  at::Tensor result = at::empty(shape, at::kByte);
  const std::uint8_t* from = source.const_data_ptr<std::uint8_t>();
  std::uint8_t* to = result.data_ptr<std::uint8_t>();
  for (std::int64_t row = 0; row < source.numel() / in; ++row, from += in)
    for (std::int64_t i = 0; i < out; ++i) {
      std::int32_t sum = 1 << (fixed_bits - 1);
      for (std::size_t k = 0; k < fixed[static_cast<std::size_t>(i)].size(); ++k) sum += from[taps[static_cast<std::size_t>(i)].first + static_cast<std::int64_t>(k)] * fixed[static_cast<std::size_t>(i)][k];
      *to++ = static_cast<std::uint8_t>(std::clamp(sum >> fixed_bits, 0, 255));
    }
  return result;
}

at::Tensor tf1_across(const at::Tensor& pictures, std::int64_t out, bool align_corners) {
  const std::int64_t in = pictures.size(-1);
  const float scale = align_corners && out > 1 ? static_cast<float>(in - 1) / static_cast<float>(out - 1) : static_cast<float>(in) / static_cast<float>(out);
  at::Tensor low = at::empty({out}, at::kLong), high = at::empty({out}, at::kLong), part = at::empty({out}, at::kFloat);
  for (std::int64_t i = 0; i < out; ++i) {
    const float source = static_cast<float>(i) * scale;
    const auto index = static_cast<std::int64_t>(source);
    low.data_ptr<std::int64_t>()[i] = std::min(index, in - 1);
    high.data_ptr<std::int64_t>()[i] = std::min(index + 1, in - 1);
    part.data_ptr<float>()[i] = source - static_cast<float>(index);
  }
  const at::Device device = pictures.device();
  const at::Tensor a = pictures.index_select(-1, low.to(device)), b = pictures.index_select(-1, high.to(device));
  return a + (b - a) * part.to(pictures.options());
}

}  // namespace

at::Tensor resize_antialiased(const at::Tensor& pictures, std::int64_t height, std::int64_t width, Filter filter) {
  at::Tensor result = pictures;
  const auto matrix = [&](std::int64_t in, std::int64_t out) { return matrix_of(in, out, filter).to(pictures.options()); };
  if (width != pictures.size(-1)) result = at::matmul(result, matrix(pictures.size(-1), width));
  if (height != pictures.size(-2)) result = at::matmul(matrix(pictures.size(-2), height).t(), result);
  return result;
}

at::Tensor resize_clean(const at::Tensor& pictures, std::int64_t height, std::int64_t width) { return resize_antialiased(pictures, height, width, Filter::bicubic).clamp(0, 255); }

at::Tensor resize_bytes(const at::Tensor& pictures, std::int64_t height, std::int64_t width, Filter filter) {
  const at::Tensor across = bytes_across(pictures, width, filter);
  return bytes_across(across.transpose(-1, -2), height, filter).transpose(-1, -2).contiguous();
}

at::Tensor resize_tf1_bilinear(const at::Tensor& pictures, std::int64_t height, std::int64_t width, bool align_corners) {
  const at::Tensor across = tf1_across(pictures, width, align_corners);
  return tf1_across(across.transpose(-1, -2), height, align_corners).transpose(-1, -2);
}

}  // namespace orrery::metrics
