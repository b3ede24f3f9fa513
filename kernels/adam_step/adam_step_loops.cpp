#include "kernels/adam_step/adam_step_loops.h"

namespace orrery::kernels::ORRERY_ISA {
namespace {

inline float root(float x) { return __builtin_sqrtf(x); }
inline double root(double x) { return __builtin_sqrt(x); }

template <bool kReplace, bool kMomentum, class T>
void adam_as(const AdamFactors<T>& factors, T* __restrict p, const T* __restrict g, T* __restrict m, T* __restrict v, std::int64_t count) {
  const AdamFactors<T> f = factors;
  const T most = sizeof(T) == 4 ? T(__FLT_MAX__) : T(__DBL_MAX__);
  for (std::int64_t k = 0; k < count; ++k) {
    T grad = g[k];
    if (kReplace) {
      grad = grad == grad ? grad : T(0);
      grad = grad > most ? T(1e5) : grad;
      grad = grad < -most ? T(-1e5) : grad;
    }
    const T mean = kMomentum ? m[k] * f.beta1 + grad * f.one_minus_beta1 : grad;
    const T square = v[k] * f.beta2 + grad * grad * f.one_minus_beta2;
    m[k] = mean;
    v[k] = square;
    p[k] -= f.step_size * mean / (root(square) * f.inverse_root_c2 + f.eps);
  }
}

template <class T>
void adam(const AdamFactors<T>& f, T* p, const T* g, T* m, T* v, std::int64_t count) {
  const bool momentum = f.beta1 != T(0);
  if (f.replace_non_finite) {
    momentum ? adam_as<true, true>(f, p, g, m, v, count) : adam_as<true, false>(f, p, g, m, v, count);
  } else {
    momentum ? adam_as<false, true>(f, p, g, m, v, count) : adam_as<false, false>(f, p, g, m, v, count);
  }
}

template <class T>
void ema(T* __restrict average, const T* __restrict p, T weight, std::int64_t count) {
  for (std::int64_t k = 0; k < count; ++k) average[k] += (p[k] - average[k]) * weight;
}

}  // namespace

const AdamLoops& adam_loops() {
  static const AdamLoops table{{adam<float>, ema<float>}, {adam<double>, ema<double>}};
  return table;
}

}  // namespace orrery::kernels::ORRERY_ISA
