// What the *_cuda.cpp files share: the device guard and current stream of a tensor, and the check after a launch.
#pragma once

#include <ATen/core/Tensor.h>

#if !defined(ORRERY_CUDA_EMULATION)
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#endif

namespace orrery::kernels {

#if !defined(ORRERY_CUDA_EMULATION)
// Makes the tensor's device current for the time of a call.
class OnDeviceOf {
 public:
  explicit OnDeviceOf(const at::Tensor& t) : guard_(t.device()) {}
  cudaStream_t stream() const { return c10::cuda::getCurrentCUDAStream().stream(); }

 private:
  c10::cuda::CUDAGuard guard_;
};
#endif

// One for each operator: fills its column of the table.
void register_bias_act();
void register_upfirdn2d();
void register_to_rgba8();
void register_philox();
void register_adam_step();
void register_nearest_code();

}  // namespace orrery::kernels
