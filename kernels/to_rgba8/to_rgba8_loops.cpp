#include "kernels/to_rgba8/to_rgba8_loops.h"


namespace orrery::kernels::ORRERY_ISA {
namespace {

inline std::uint32_t byte_of(float x) {
  float v = x * 127.5f + 127.5f;
  v = v > 0.0f ? v : 0.0f;  // NaN becomes 0
  v = v < 255.0f ? v : 255.0f;
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(v + 0.5f));
}

template <bool kAlpha>
void row_as(const float* __restrict r, const float* __restrict g, const float* __restrict b, const float* __restrict a, std::int64_t stride, std::int64_t width, std::uint32_t* __restrict to) {
  if (stride == 1) {
    for (std::int64_t k = 0; k < width; ++k) to[k] = byte_of(r[k]) | byte_of(g[k]) << 8 | byte_of(b[k]) << 16 | (kAlpha ? byte_of(a[k]) : 255u) << 24;
  } else {
    for (std::int64_t k = 0, at = 0; k < width; ++k, at += stride) {
      to[k] = byte_of(r[at]) | byte_of(g[at]) << 8 | byte_of(b[at]) << 16 | (kAlpha ? byte_of(a[at]) : 255u) << 24;
    }
  }
}

void row(const float* r, const float* g, const float* b, const float* a, std::int64_t stride, std::int64_t width, std::uint32_t* to) {
  a ? row_as<true>(r, g, b, a, stride, width, to) : row_as<false>(r, g, b, r, stride, width, to);
}

}  // namespace

const Rgba8Loops& rgba8_loops() {
  static const Rgba8Loops table{row};
  return table;
}

}  // namespace orrery::kernels::ORRERY_ISA
