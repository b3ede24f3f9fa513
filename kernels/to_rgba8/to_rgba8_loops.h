// The CPU loops of to_rgba8.
#pragma once

#include <cstdint>

#include "kernels/cpu/isa.h"

namespace orrery::kernels {

struct Rgba8Loops {
  // One row: channels r, g, b, a (a null: opaque), each `stride` floats from pixel to pixel.
  void (*row)(const float* r, const float* g, const float* b, const float* a, std::int64_t stride, std::int64_t width, std::uint32_t* to);
};
ORRERY_LOOPS(Rgba8Loops, rgba8_loops)

}  // namespace orrery::kernels
