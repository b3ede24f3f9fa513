#include "engine/media/resample.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace orrery::media {
namespace {

// What one new pixel takes of the old ones: `weights` from `first` on, with sum 1.
struct Tap {
  int first = 0;
  std::vector<float> weights;
};

std::vector<Tap> taps(int from, int to) {
  std::vector<Tap> out(static_cast<std::size_t>(to));
  const double scale = static_cast<double>(from) / to;
  for (int i = 0; i < to; ++i) {
    Tap& tap = out[static_cast<std::size_t>(i)];
    if (to < from) {
      const double begin = i * scale, end = (i + 1) * scale;
      tap.first = static_cast<int>(begin);
      for (int j = tap.first; j < from && j < end; ++j) {
        const double covered = std::min<double>(end, j + 1) - std::max<double>(begin, j);
        if (covered > 1e-9) tap.weights.push_back(static_cast<float>(covered / scale));
      }
    } else {
      const double centre = std::clamp((i + 0.5) * scale - 0.5, 0.0, from - 1.0);
      tap.first = std::min(static_cast<int>(centre), std::max(0, from - 2));
      const auto right = static_cast<float>(centre - tap.first);
      tap.weights = from == 1 ? std::vector<float>{1.f} : std::vector<float>{1.f - right, right};
    }
  }
  return out;
}

}  // namespace

data::Pixels resample(const data::Pixels& pixels, int width_px, int height_px) {
  if (pixels.width_px == width_px && pixels.height_px == height_px) return pixels;
  const int channels = pixels.channels;
  const auto columns = taps(pixels.width_px, width_px);
  const auto lines = taps(pixels.height_px, height_px);
  const std::size_t row = static_cast<std::size_t>(width_px) * channels;
  std::vector<float> wide(row * pixels.height_px, 0.f);
  for (int y = 0; y < pixels.height_px; ++y) {
    float* to = wide.data() + row * y;
    for (int x = 0; x < width_px; ++x) {
      const Tap& tap = columns[static_cast<std::size_t>(x)];
      const std::uint8_t* from = pixels.row(y) + tap.first * channels;
      for (const float weight : tap.weights) {
        for (int c = 0; c < channels; ++c) to[x * channels + c] += weight * from[c];
        from += channels;
      }
    }
  }
  data::Pixels out(width_px, height_px, channels);
  std::vector<float> line(row);
  for (int y = 0; y < height_px; ++y) {
    std::fill(line.begin(), line.end(), 0.f);
    const Tap& tap = lines[static_cast<std::size_t>(y)];
    for (std::size_t k = 0; k < tap.weights.size(); ++k) {
      const float* from = wide.data() + row * (tap.first + k);
      for (std::size_t i = 0; i < row; ++i) line[i] += tap.weights[k] * from[i];
    }
    for (std::size_t i = 0; i < row; ++i) out.row(y)[i] = static_cast<std::uint8_t>(std::clamp(std::lround(line[i]), 0l, 255l));
  }
  return out;
}

}  // namespace orrery::media
