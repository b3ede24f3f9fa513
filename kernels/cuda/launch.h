// How .cu files start their kernels. Each kernel is a loop over elements that any number of threads can share; none uses shared memory
// or waits for its neighbours, so the same source also runs, thread after thread, on a CPU (tests/kernels/cuda_emulation.h).
#pragma once

#include <cstdint>

#if !defined(ORRERY_CUDA_EMULATION)
#include <cuda_runtime.h>
#endif

namespace orrery::kernels {

using CudaStream = CUstream_st*;

constexpr int kCudaThreads = 256;

// Blocks for `elements` threads' work; more than this many only queue up.
inline int cuda_blocks(std::int64_t elements) {
  const std::int64_t blocks = (elements + kCudaThreads - 1) / kCudaThreads;
  return static_cast<int>(blocks < 1 ? 1 : blocks > 65535 ? 65535 : blocks);
}

}  // namespace orrery::kernels

#if defined(ORRERY_CUDA_EMULATION)
#define ORRERY_UNROLL
#else
#define ORRERY_UNROLL _Pragma("unroll")
#define ORRERY_LAUNCH(kernel, elements, stream, ...) kernel<<<cuda_blocks(elements), kCudaThreads, 0, stream>>>(__VA_ARGS__)
#endif

namespace orrery::kernels {

// Calls body(i) for this thread's share of [0, count), counted in Index. Division of 64-bit numbers is slow on a GPU: std::uint32_t
// wherever fits_32(count).
template <class Index, class Body>
__device__ __forceinline__ void each(std::int64_t count, const Body& body) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < count; i += step) body(static_cast<Index>(i));
}

inline bool fits_32(std::int64_t count) { return count < (std::int64_t{1} << 31); }

}  // namespace orrery::kernels
