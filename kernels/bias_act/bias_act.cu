#include "kernels/bias_act/bias_act_launch.h"
#include "kernels/cuda/launch.h"

#define ORRERY_ISA cuda
#define ORRERY_FN __device__ __forceinline__

namespace orrery::kernels::cuda {
namespace {

ORRERY_FN float exp_of(float x) { return expf(x); }
ORRERY_FN double exp_of(double x) { return exp(x); }
ORRERY_FN float expm1_of(float x) { return expm1f(x); }
ORRERY_FN double expm1_of(double x) { return expm1(x); }
ORRERY_FN float tanh_of(float x) { return tanhf(x); }
ORRERY_FN double tanh_of(double x) { return tanh(x); }
ORRERY_FN float log1p_of(float x) { return log1pf(x); }
ORRERY_FN double log1p_of(double x) { return log1p(x); }
template <class T>
ORRERY_FN T abs_of(T x) { return x < T(0) ? -x : x; }
template <class T>
ORRERY_FN T sigmoid_of(T x) { return T(1) / (T(1) + exp_of(-x)); }
template <class T>
ORRERY_FN T softplus_of(T x) { return (x < T(0) ? T(0) : x) + log1p_of(exp_of(-abs_of(x))); }

}  // namespace
}  // namespace orrery::kernels::cuda

#include "kernels/bias_act/bias_act_math.h"

namespace orrery::kernels {
namespace {

using namespace cuda;

template <class Act, BiasActPass kPass, class T>
__device__ __forceinline__ T one_element(const Factors<T>& f, T x, T bias, T dy, T ddx) {
  if (kPass == BiasActPass::forward) return clamped(Act::value(x + bias, f.alpha) * f.gain, f.clamp);
  if (kPass == BiasActPass::gradient) return dy * slope_from<Act>(x, bias, f);
  return ddx * dy * bend_from<Act>(x, bias, f);
}

// The usual case. Four neighbours a thread: one 16-byte access each way, and one bias for all four in planar memory.
struct alignas(16) Four {
  float v[4];
};
template <class Act, BiasActPass kPass>
__device__ __forceinline__ void four_elements(const BiasActWork<float>& w, const Factors<float>& f, std::uint32_t i) {
  const Four x = reinterpret_cast<const Four*>(w.x)[i];
  Four dy = {}, ddx = {}, bias = {}, out;
  if (kPass != BiasActPass::forward) dy = reinterpret_cast<const Four*>(w.dy)[i];
  if (kPass == BiasActPass::second) ddx = reinterpret_cast<const Four*>(w.ddx)[i];
  if (w.b != nullptr) {
    const std::uint32_t inner = static_cast<std::uint32_t>(w.inner), channels = static_cast<std::uint32_t>(w.channels);
    const bool one_bias = inner % 4 == 0;
    for (std::uint32_t k = 0; k < 4; ++k) bias.v[k] = k > 0 && one_bias ? bias.v[0] : w.b[(4 * i + k) / inner % channels];
  }
  for (int k = 0; k < 4; ++k) out.v[k] = one_element<Act, kPass>(f, x.v[k], bias.v[k], dy.v[k], ddx.v[k]);
  reinterpret_cast<Four*>(w.out)[i] = out;
}
template <BiasActPass kPass>
__global__ void by_fours(const BiasActWork<float> w, std::int64_t fours) {
  const Factors<float> f(w);
  with_activation(w, [&]<class Act>(Act) {
    each<std::uint32_t>(fours, [&](std::uint32_t i) { four_elements<Act, kPass>(w, f, i); });
  });
}

// float64, huge tensors, tensors off a 16-byte line, and what is left of a count that four does not divide.
template <class T, BiasActPass kPass>
__global__ void one_by_one(const BiasActWork<T> w, std::int64_t from, std::int64_t numel) {
  const Factors<T> f(w);
  each<std::int64_t>(numel - from, [&](std::int64_t k) {
    const std::int64_t i = from + k;
    const T x = w.x[i], bias = w.b != nullptr ? w.b[i / w.inner % w.channels] : T(0);
    const T dy = kPass == BiasActPass::forward ? T(0) : w.dy[i], ddx = kPass == BiasActPass::second ? w.ddx[i] : T(0);
    w.out[i] = with_activation(w, [&]<class Act>(Act) { return one_element<Act, kPass>(f, x, bias, dy, ddx); });
  });
}

bool aligned(const float* p) { return reinterpret_cast<std::uintptr_t>(p) % sizeof(Four) == 0; }

template <BiasActPass kPass, class T>
void launch_pass(const BiasActWork<T>& w, std::int64_t numel, CudaStream stream) {
  std::int64_t fours = 0;
  if constexpr (sizeof(T) == 4) {
    if (fits_32(numel) && aligned(w.x) && aligned(w.out) && aligned(w.dy) && aligned(w.ddx)) fours = numel / 4;
    if (fours > 0) ORRERY_LAUNCH((by_fours<kPass>), fours, stream, w, fours);
  }
  if (4 * fours < numel) ORRERY_LAUNCH((one_by_one<T, kPass>), numel - 4 * fours, stream, w, 4 * fours, numel);
}

template <class T>
void launch(BiasActPass pass, const BiasActWork<T>& w, std::int64_t numel, CudaStream stream) {
  switch (pass) {
    case BiasActPass::forward: return launch_pass<BiasActPass::forward>(w, numel, stream);
    case BiasActPass::gradient: return launch_pass<BiasActPass::gradient>(w, numel, stream);
    case BiasActPass::second: return launch_pass<BiasActPass::second>(w, numel, stream);
  }
}

}  // namespace

void bias_act_launch(BiasActPass pass, const BiasActWork<float>& w, std::int64_t numel, CudaStream stream) { launch(pass, w, numel, stream); }
void bias_act_launch(BiasActPass pass, const BiasActWork<double>& w, std::int64_t numel, CudaStream stream) { launch(pass, w, numel, stream); }

}  // namespace orrery::kernels
