// Starts the CUDA loops of nearest_code. Pointers lie on the device.
#pragma once

#include <cstdint>

struct CUstream_st;

namespace orrery::kernels {

template <class T>
struct NearestCodeCuda {
  const T* x = nullptr;           // [dim, rows]: neighbouring threads read neighbouring rows
  const T* codes = nullptr;       // [count, dim]
  const T* half_norms = nullptr;  // [count]
  T* scores = nullptr;            // [slices, rows]: the least of a slice of the codes
  std::int64_t* found = nullptr;  // [slices, rows]: whose it is
  std::int64_t* out = nullptr;    // [rows]
  std::int64_t rows = 0, dim = 0, count = 0, slices = 1;
};
void nearest_code_launch(const NearestCodeCuda<float>& work, CUstream_st* stream);
void nearest_code_launch(const NearestCodeCuda<double>& work, CUstream_st* stream);

}  // namespace orrery::kernels
