// A palette of 256 colours for true-colour frames, and frames drawn with it.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

namespace orrery::media {

// Median cut (Heckbert 1982) on a histogram of 15-bit colours, then a fixed 8 x 8 threshold pattern, which unlike error diffusion does not
// crawl from frame to frame. A palette is kept for the next frame while it serves it nearly as well as one of its own.
class GifPalette {
 public:
  using Colours = std::array<std::uint32_t, 256>;  // 0xAARRGGBB, opaque

  // rgb: width x height x 3 bytes. Afterwards colours() and draw() are those for this frame.
  void adapt(const std::uint8_t* rgb, int width_px, int height_px);
  const Colours& colours() const { return colours_; }
  // Indices of the frame's pixels, row by row, `stride` apart.
  void draw(const std::uint8_t* rgb, int width_px, int height_px, std::uint8_t* indices, std::ptrdiff_t stride);

 private:
  std::uint8_t nearest(int r, int g, int b);

  bool ready_ = false;
  Colours colours_{};
  std::vector<std::int16_t> lookup_;  // by 15-bit colour; -1: not looked for yet
};

}  // namespace orrery::media
