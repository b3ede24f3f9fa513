// Compiled with -fmad=false: the numbers of the CPU version, bit for bit.
#include "kernels/philox_normal/philox_normal_launch.h"

#include "kernels/cuda/launch.h"
#include "kernels/philox_normal/philox_core.h"

namespace orrery::kernels {
namespace {

__device__ __forceinline__ int make(PhiloxWhat, const std::uint32_t w[4], std::int32_t out[4]) {
  for (int k = 0; k < 4; ++k) out[k] = static_cast<std::int32_t>(w[k]);
  return 4;
}
__device__ __forceinline__ int make(PhiloxWhat what, const std::uint32_t w[4], float out[4]) {
  if (what == PhiloxWhat::normal) {
    philox::normal_pair(w[0], w[1], out[0], out[1]);
    philox::normal_pair(w[2], w[3], out[2], out[3]);
  } else {
    for (int k = 0; k < 4; ++k) out[k] = philox::uniform_of(w[k]);
  }
  return 4;
}
__device__ __forceinline__ int make(PhiloxWhat what, const std::uint32_t w[4], double out[4]) {
  if (what == PhiloxWhat::normal) {
    philox::normal_pair(w, out[0], out[1]);
  } else {
    out[0] = philox::uniform_of(w[0], w[1]), out[1] = philox::uniform_of(w[2], w[3]);
  }
  return 2;
}

template <class T>
__global__ void fill(PhiloxWhat what, const PhiloxCuda w, std::int64_t blocks, T* out) {
  each<std::int64_t>(blocks * w.rows, [&](std::int64_t i) {
    const std::int64_t row = i / blocks, block = i % blocks;
    std::uint32_t words[4];
    T values[4];
    philox::block_of(w.seeds[row], w.first_block + static_cast<std::uint64_t>(block), w.stream, words);
    const int count = make(what, words, values);
    T* to = out + row * w.per_row + block * count;
    for (int k = 0; k < count && block * count + k < w.per_row; ++k) to[k] = values[k];
  });
}

template <class T>
void launch(PhiloxWhat what, const PhiloxCuda& w, T* out, CudaStream stream) {
  const std::int64_t per_block = sizeof(T) == 8 ? 2 : 4, blocks = (w.per_row + per_block - 1) / per_block;
  ORRERY_LAUNCH((fill<T>), blocks * w.rows, stream, what, w, blocks, out);
}

}  // namespace

void philox_launch(PhiloxWhat what, const PhiloxCuda& w, std::int32_t* out, CudaStream stream) { launch(what, w, out, stream); }
void philox_launch(PhiloxWhat what, const PhiloxCuda& w, float* out, CudaStream stream) { launch(what, w, out, stream); }
void philox_launch(PhiloxWhat what, const PhiloxCuda& w, double* out, CudaStream stream) { launch(what, w, out, stream); }

}  // namespace orrery::kernels
