// The CPU loops of bias_act. `t` is the activation's value before the gain.
#pragma once

#include <cstdint>

#include "kernels/cpu/isa.h"

namespace orrery::kernels {

// Memory is a run of segments of `inner` elements that share one bias (bias index = segment % channels); with inner == 1 the bias
// runs along memory.
template <class T>
struct BiasActWork {
  const T* x = nullptr;      // forward: input; gradients: the saved tensor (input or output)
  const T* b = nullptr;      // may be null
  const T* dy = nullptr;     // gradients
  const T* ddx = nullptr;    // second order
  T* out = nullptr;
  std::int64_t inner = 1, channels = 1;
  int activation = 0;        // Activation
  bool saved_input = false;  // gradients: x is the input, not the output
  bool want_sum = false;     // gradients
  T alpha = 0, gain = 1, inverse_gain = 1;  // gain != 0 for gradients
  T clamp = 0;               // NaN: none (every comparison with it is false)
};

struct BiasActLoops {
  template <class T>
  struct Of {
    // out = clamp(act(x + b) * gain) for elements [begin, end).
    void (*forward)(const BiasActWork<T>&, std::int64_t begin, std::int64_t end);
    // out = dy * d y / d x. Returns the sum of out, if wanted.
    double (*gradient)(const BiasActWork<T>&, std::int64_t begin, std::int64_t end);
    // out = ddx * dy * d(d y / d x) / d saved.
    void (*second)(const BiasActWork<T>&, std::int64_t begin, std::int64_t end);
    // sums[c] += sum over rows of x[row, c].
    void (*column_sums)(const T* x, std::int64_t rows, std::int64_t columns, double* sums);
  };
  Of<float> f32;
  Of<double> f64;
};
ORRERY_LOOPS(BiasActLoops, bias_act_loops)

}  // namespace orrery::kernels
