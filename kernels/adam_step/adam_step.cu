#include "kernels/adam_step/adam_step_launch.h"

#include <cfloat>

#include "kernels/cuda/launch.h"

namespace orrery::kernels {
namespace {

// Calls body(tensor, element) for all elements of all tensors: a chunk belongs to one tensor, and neighbours to neighbouring threads.
template <class T, class Body>
__device__ __forceinline__ void for_elements(const AdamCuda<T>& w, const Body& body) {
  const std::int64_t chunks = w.until[w.tensors - 1];
  int k = 0;
  for (std::int64_t chunk = blockIdx.x; chunk < chunks; chunk += gridDim.x) {
    while (w.until[k] <= chunk) ++k;
    const std::int64_t first = (chunk - (k > 0 ? w.until[k - 1] : 0)) * kAdamChunk;
    const std::int64_t stop = first + kAdamChunk < w.numel[k] ? first + kAdamChunk : w.numel[k];
    for (std::int64_t i = first + threadIdx.x; i < stop; i += blockDim.x) body(k, i);
  }
}

template <class T>
__global__ void adam(const AdamFactors<T> f, const AdamCuda<T> w) {
  const T most = sizeof(T) == 4 ? T(FLT_MAX) : T(DBL_MAX);
  for_elements(w, [&](int k, std::int64_t i) {
    T g = w.g[k][i];
    if (f.replace_non_finite) {
      g = g == g ? g : T(0);
      g = g > most ? T(1e5) : g;
      g = g < -most ? T(-1e5) : g;
    }
    const T mean = f.beta1 != T(0) ? w.m[k][i] * f.beta1 + g * f.one_minus_beta1 : g;
    const T square = w.v[k][i] * f.beta2 + g * g * f.one_minus_beta2;
    w.m[k][i] = mean;
    w.v[k][i] = square;
    w.p[k][i] -= f.step_size * mean / (sqrt(square) * f.inverse_root_c2 + f.eps);
  });
}

template <class T>
__global__ void ema(const T weight, const AdamCuda<T> w) {
  for_elements(w, [&](int k, std::int64_t i) { w.p[k][i] += (w.g[k][i] - w.p[k][i]) * weight; });
}

template <class T>
std::int64_t threads_of(const AdamCuda<T>& w) {
  return w.until[w.tensors - 1] * kCudaThreads;
}

}  // namespace

void adam_launch(const AdamFactors<float>& f, const AdamCuda<float>& w, CudaStream stream) { ORRERY_LAUNCH((adam<float>), threads_of(w), stream, f, w); }
void adam_launch(const AdamFactors<double>& f, const AdamCuda<double>& w, CudaStream stream) { ORRERY_LAUNCH((adam<double>), threads_of(w), stream, f, w); }
void ema_launch(float weight, const AdamCuda<float>& w, CudaStream stream) { ORRERY_LAUNCH((ema<float>), threads_of(w), stream, weight, w); }
void ema_launch(double weight, const AdamCuda<double>& w, CudaStream stream) { ORRERY_LAUNCH((ema<double>), threads_of(w), stream, weight, w); }

}  // namespace orrery::kernels
