// Lets .cu files and their glue run on a CPU, thread after thread: no kernel of ours uses shared memory or waits for others
// (kernels/cuda/launch.h). What remains untested without a GPU is the hardware, not the arithmetic or the indices.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>


#define ORRERY_CUDA_EMULATION 1
#define __global__
#define __device__
#define __host__
#define __forceinline__ inline

struct CUstream_st {};
using cudaStream_t = CUstream_st*;
struct EmulatedIndex {
  unsigned x = 0;
};
inline EmulatedIndex threadIdx, blockIdx, blockDim, gridDim;

// At most three blocks: loops over a grid must go round.
#define ORRERY_LAUNCH(kernel, elements, stream, ...)                                    \
  do {                                                                                  \
    static_cast<void>(stream);                                                          \
    blockDim.x = kCudaThreads;                                                          \
    gridDim.x = static_cast<unsigned>(std::min(3, cuda_blocks(elements)));              \
    for (blockIdx.x = 0; blockIdx.x < gridDim.x; ++blockIdx.x) {                        \
      for (threadIdx.x = 0; threadIdx.x < blockDim.x; ++threadIdx.x) kernel(__VA_ARGS__); \
    }                                                                                   \
  } while (false)
#define C10_CUDA_KERNEL_LAUNCH_CHECK() static_cast<void>(0)

namespace orrery::kernels {
class OnDeviceOf {
 public:
  explicit OnDeviceOf(const at::Tensor& t) { TORCH_CHECK(t.device().is_cpu(), "the emulation works on the CPU"); }
  cudaStream_t stream() const { return nullptr; }
};
}  // namespace orrery::kernels
