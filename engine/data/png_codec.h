// The PNGs of stores: plain, of one known size, read by the thousand. Everything else about PNG is in engine/io/png.h.
#pragma once

#include <string>
#include <string_view>

#include "engine/data/pixels.h"

namespace orrery::data {

struct PngSize {
  int width_px = 0;
  int height_px = 0;
  int channels = 3;  // 1 for grey pictures, 3 for all others
};

// Reads the header only. Throws Error(bad_input).
PngSize png_size(std::string_view bytes);
// Decodes to `channels` (1 or 3), 16 bits to 8, transparency onto white. Refuses pictures of another size than `expected` before it
// allocates. Throws Error(bad_input).
Pixels decode_png(std::string_view bytes, const PngSize& expected);
// Uncompressed, as NVIDIA's dataset_tool writes it: much faster to read.
std::string encode_png_uncompressed(const Pixels& pixels);

}  // namespace orrery::data
