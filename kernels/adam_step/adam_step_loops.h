// The CPU loops of adam_step and ema_step.
#pragma once

#include <cstdint>

#include "kernels/cpu/isa.h"

namespace orrery::kernels {

template <class T>
struct AdamFactors {
  T beta1, one_minus_beta1, beta2, one_minus_beta2;
  T step_size;        // lr / (1 - beta1^t)
  T inverse_root_c2;  // 1 / sqrt(1 - beta2^t)
  T eps;
  bool replace_non_finite;
};

struct AdamLoops {
  template <class T>
  struct Of {
    void (*adam)(const AdamFactors<T>&, T* p, const T* g, T* m, T* v, std::int64_t count);
    void (*ema)(T* ema, const T* p, T weight, std::int64_t count);
  };
  Of<float> f32;
  Of<double> f64;
};
ORRERY_LOOPS(AdamLoops, adam_loops)

}  // namespace orrery::kernels
