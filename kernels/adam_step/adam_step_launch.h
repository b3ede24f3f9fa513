// Starts the CUDA loops of adam_step and ema_step. Pointers lie on the device; the lists travel with the call.
#pragma once

#include <cstdint>

#include "kernels/adam_step/adam_step_loops.h"

struct CUstream_st;

namespace orrery::kernels {

constexpr int kAdamTensors = 64;          // of one launch
constexpr std::int64_t kAdamChunk = 4096;  // elements that a block of threads takes at once
template <class T>
struct AdamCuda {
  T* p[kAdamTensors];        // ema_step: the average
  const T* g[kAdamTensors];  // ema_step: the parameter
  T* m[kAdamTensors];
  T* v[kAdamTensors];
  std::int64_t numel[kAdamTensors];
  std::int64_t until[kAdamTensors];  // chunks up to and with tensor k
  int tensors = 0;
};
void adam_launch(const AdamFactors<float>& factors, const AdamCuda<float>& work, CUstream_st* stream);
void adam_launch(const AdamFactors<double>& factors, const AdamCuda<double>& work, CUstream_st* stream);
void ema_launch(float weight, const AdamCuda<float>& work, CUstream_st* stream);
void ema_launch(double weight, const AdamCuda<double>& work, CUstream_st* stream);

}  // namespace orrery::kernels
