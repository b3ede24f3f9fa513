// Starts the CUDA loop of upfirdn2d. Pointers lie on the device.
#pragma once

#include <cstdint>

struct CUstream_st;

namespace orrery::kernels {

template <class T>
struct UpFirDnCuda {
  const T* x = nullptr;
  const T* filter = nullptr;  // [fh, fw] as correlation taps (not turned round any more)
  T* y = nullptr;
  std::int64_t planes = 0;    // N * C; with channels innermost in memory, N
  std::int64_t step = 1;      // channels when they are innermost in memory
  int in_h = 0, in_w = 0, out_h = 0, out_w = 0;
  int fh = 1, fw = 1, up_x = 1, up_y = 1, down_x = 1, down_y = 1;
  int pad_x = 0, pad_y = 0;
  T gain = 1;
};

void upfirdn2d_launch(const UpFirDnCuda<float>& work, CUstream_st* stream);
void upfirdn2d_launch(const UpFirDnCuda<double>& work, CUstream_st* stream);

}  // namespace orrery::kernels
