// Starts the CUDA loop of to_rgba8. Pointers lie on the device.
#pragma once

#include <cstdint>

struct CUstream_st;

namespace orrery::kernels {

struct Rgba8Cuda {
  const float* x = nullptr;
  std::uint32_t* y = nullptr;   // [H, W]
  int channels = 3;
  std::int64_t height = 0, width = 0;
  std::int64_t stride_c = 0, stride_h = 0, stride_w = 1;  // of x, in elements; stride_c is 0 for grey
};
void to_rgba8_launch(const Rgba8Cuda& work, CUstream_st* stream);

}  // namespace orrery::kernels
