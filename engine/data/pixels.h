// A small decoded picture in memory, outside of any tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace orrery::data {

// Rows from the top, channels interleaved (H, W, C), 8 bits, sRGB.
struct Pixels {
  int width_px = 0;
  int height_px = 0;
  int channels = 3;
  std::vector<std::uint8_t> bytes;

  Pixels() = default;
  Pixels(int width, int height, int channel_count)
      : width_px(width), height_px(height), channels(channel_count), bytes(static_cast<std::size_t>(width) * height * channel_count) {}
  std::uint8_t* row(int y) { return bytes.data() + static_cast<std::size_t>(y) * width_px * channels; }
  const std::uint8_t* row(int y) const { return bytes.data() + static_cast<std::size_t>(y) * width_px * channels; }
};

}  // namespace orrery::data
