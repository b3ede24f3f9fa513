// Small pictures made larger on the processor, once per picture: a smooth look without a cubic read for every pixel of the screen.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/api/frame.h"

namespace orrery::render {

// Pictures of at most this side are worth it.
inline constexpr int kMostEnlargedPx = 128;
// How many times larger: to about 256 px.
int enlargeFactor(int width_px, int height_px);
// By Catmull-Rom in both directions, edges held. RGBA8 on the host, without transparency; rows of width * factor pixels.
std::vector<std::uint8_t> enlarge(const DeviceImage& image, int factor);

}  // namespace orrery::render
