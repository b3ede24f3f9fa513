// Compiled with -fmad=false: the bytes of the CPU version.
#include "kernels/to_rgba8/to_rgba8_launch.h"

#include "kernels/cuda/launch.h"

namespace orrery::kernels {
namespace {

__device__ __forceinline__ std::uint32_t byte_of(float x) {
  float v = x * 127.5f + 127.5f;
  v = v > 0.0f ? v : 0.0f;  // NaN becomes 0
  v = v < 255.0f ? v : 255.0f;
  return static_cast<std::uint32_t>(v + 0.5f);
}

template <class I>
__global__ void pixels(const Rgba8Cuda w) {
  each<I>(w.height * w.width, [&](I i) {
    const I y = i / static_cast<I>(w.width);
    const float* x = w.x + y * w.stride_h + (i - y * static_cast<I>(w.width)) * w.stride_w;
    const std::uint32_t alpha = w.channels == 4 ? byte_of(x[3 * w.stride_c]) : 255u;
    w.y[i] = byte_of(x[0]) | byte_of(x[w.stride_c]) << 8 | byte_of(x[2 * w.stride_c]) << 16 | alpha << 24;
  });
}

}  // namespace

void to_rgba8_launch(const Rgba8Cuda& w, CudaStream stream) {
  const std::int64_t numel = w.height * w.width;
  if (fits_32(numel)) {
    ORRERY_LAUNCH(pixels<std::uint32_t>, numel, stream, w);
  } else {
    ORRERY_LAUNCH(pixels<std::uint64_t>, numel, stream, w);
  }
}

}  // namespace orrery::kernels
