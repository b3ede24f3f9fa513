// Starts the CUDA loop of philox_normal. `out` lies on the device; the seeds travel with the call.
#pragma once

#include <cstdint>

#include "kernels/philox_normal/philox_what.h"

struct CUstream_st;

namespace orrery::kernels {

constexpr int kPhiloxSeeds = 256;  // rows of one launch
struct PhiloxCuda {
  std::uint64_t seeds[kPhiloxSeeds];
  int rows = 0;
  std::uint64_t stream = 0, first_block = 0;
  std::int64_t per_row = 0;
};
void philox_launch(PhiloxWhat what, const PhiloxCuda& work, std::int32_t* out, CUstream_st* stream);
void philox_launch(PhiloxWhat what, const PhiloxCuda& work, float* out, CUstream_st* stream);
void philox_launch(PhiloxWhat what, const PhiloxCuda& work, double* out, CUstream_st* stream);

}  // namespace orrery::kernels
