// The CPU loops of philox_normal.
#pragma once

#include <cstdint>

#include "kernels/cpu/isa.h"

namespace orrery::kernels {

// Elements [0, count) of a row from block `block` on; count may end inside a block.
template <class T>
using PhiloxFill = void (*)(std::uint64_t key, std::uint64_t stream, std::uint64_t block, T* out, std::int64_t count);

struct PhiloxLoops {
  PhiloxFill<std::int32_t> bits;
  PhiloxFill<float> uniform_f32, normal_f32;    // 4 elements a block
  PhiloxFill<double> uniform_f64, normal_f64;   // 2 elements a block
};
ORRERY_LOOPS(PhiloxLoops, philox_loops)

}  // namespace orrery::kernels
