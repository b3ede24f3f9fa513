#include "render/canvas/enlarge.h"

#include <algorithm>
#include <cmath>

namespace orrery::render {
namespace {

struct Tap {
  int at[4];
  float weight[4];
};

// Which four pixels of a line of `size` make pixel `i` of the line `factor` times as long, and with what weights (they sum to one).
std::vector<Tap> tapsFor(int size, int factor) {
  std::vector<Tap> taps(static_cast<std::size_t>(size) * factor);
  for (int i = 0; i < size * factor; ++i) {
    const float at = (static_cast<float>(i) + 0.5f) / static_cast<float>(factor) - 0.5f;
    const int first = static_cast<int>(std::floor(at));
    const float f = at - static_cast<float>(first);
    Tap& tap = taps[static_cast<std::size_t>(i)];
    const float weights[4] = {f * (-0.5f + f * (1.0f - 0.5f * f)), 1.0f + f * f * (-2.5f + 1.5f * f), f * (0.5f + f * (2.0f - 1.5f * f)), f * f * (-0.5f + 0.5f * f)};
    for (int k = 0; k < 4; ++k) {
      tap.at[k] = std::clamp(first - 1 + k, 0, size - 1);
      tap.weight[k] = weights[k];
    }
  }
  return taps;
}

}  // namespace

int enlargeFactor(int width_px, int height_px) { return std::clamp(256 / std::max(1, std::max(width_px, height_px)), 2, 8); }

std::vector<std::uint8_t> enlarge(const DeviceImage& image, int factor) {
  const int w = image.width_px, h = image.height_px, wide = w * factor, high = h * factor;
  const auto across = tapsFor(w, factor), down = tapsFor(h, factor);
  std::vector<float> rows(static_cast<std::size_t>(wide) * h * 4);
  for (int y = 0; y < h; ++y) {
    const auto* line = static_cast<const std::uint8_t*>(image.data) + static_cast<std::size_t>(y) * image.stride_bytes;
    float* out = &rows[static_cast<std::size_t>(y) * wide * 4];
    for (int x = 0; x < wide; ++x) {
      const Tap& tap = across[static_cast<std::size_t>(x)];
      for (int c = 0; c < 4; ++c) {
        float sum = 0.0f;
        for (int k = 0; k < 4; ++k) sum += tap.weight[k] * static_cast<float>(line[tap.at[k] * 4 + c]);
        out[x * 4 + c] = sum;
      }
    }
  }
  std::vector<std::uint8_t> result(static_cast<std::size_t>(wide) * high * 4);
  for (int y = 0; y < high; ++y) {
    const Tap& tap = down[static_cast<std::size_t>(y)];
    const float* lines[4];
    for (int k = 0; k < 4; ++k) lines[k] = &rows[static_cast<std::size_t>(tap.at[k]) * wide * 4];
    std::uint8_t* out = &result[static_cast<std::size_t>(y) * wide * 4];
    for (int i = 0; i < wide * 4; ++i) {
      const float sum = tap.weight[0] * lines[0][i] + tap.weight[1] * lines[1][i] + tap.weight[2] * lines[2][i] + tap.weight[3] * lines[3][i];
      out[i] = static_cast<std::uint8_t>(std::clamp(sum + 0.5f, 0.0f, 255.0f));
    }
  }
  return result;
}

}  // namespace orrery::render
