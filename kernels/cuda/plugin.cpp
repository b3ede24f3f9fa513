// The door of liborrery_cuda.so: kernels/dispatch.cpp opens the library and calls this once.
#include <cuda_runtime_api.h>

#include <cstdio>

#include "kernels/cuda/glue.h"

// Fills the CUDA column of all operators. Returns true and the first GPU's name, or false and the reason, in `text`.
extern "C" bool orrery_cuda_register(char* text, unsigned long size) {
  int count = 0;
  if (const cudaError_t error = cudaGetDeviceCount(&count); error != cudaSuccess || count == 0) {
    std::snprintf(text, size, "%s", error != cudaSuccess ? cudaGetErrorString(error) : "no device");
    return false;
  }
  cudaDeviceProp properties{};
  if (const cudaError_t error = cudaGetDeviceProperties(&properties, 0); error != cudaSuccess) {
    std::snprintf(text, size, "%s", cudaGetErrorString(error));
    return false;
  }
  if (properties.major < 8) {
    std::snprintf(text, size, "%s is of compute capability %d.%d, and 8.0 is needed", properties.name, properties.major, properties.minor);
    return false;
  }
  orrery::kernels::register_bias_act();
  orrery::kernels::register_upfirdn2d();
  orrery::kernels::register_to_rgba8();
  orrery::kernels::register_philox();
  orrery::kernels::register_adam_step();
  orrery::kernels::register_nearest_code();
  std::snprintf(text, size, "%s", properties.name);
  return true;
}
