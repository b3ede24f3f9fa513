#include "kernels/bias_act/bias_act_loops.h"

#include "kernels/cpu/simd.h"
#include "kernels/cpu/vector_math.h"

#define ORRERY_FN inline
#include "kernels/bias_act/bias_act_math.h"

namespace orrery::kernels::ORRERY_ISA {
namespace {

// Calls body(first, count, bias of element k) for runs of [begin, end). A bias along memory is laid out as a tile first, so that few
// channels still fill vectors.
template <class T, class Body>
inline void for_runs(const BiasActWork<T>& w, std::int64_t begin, std::int64_t end, const Body& body) {
  if (w.b == nullptr) return body(begin, end - begin, [](std::int64_t) { return T(0); });
  if (w.inner > 1) {
    for (std::int64_t at = begin; at < end;) {
      const std::int64_t segment = at / w.inner, stop = (segment + 1) * w.inner < end ? (segment + 1) * w.inner : end;
      const T bias = w.b[segment % w.channels];
      body(at, stop - at, [bias](std::int64_t) { return bias; });
      at = stop;
    }
    return;
  }
  constexpr std::int64_t kTile = 512;
  T tile[kTile];
  const T* bias = w.b;
  std::int64_t period = w.channels;
  if (period <= kTile / 2) {
    period = kTile / w.channels * w.channels;
    for (std::int64_t k = 0; k < period; ++k) tile[k] = w.b[k % w.channels];
    bias = tile;
  }
  for (std::int64_t at = begin; at < end;) {
    const std::int64_t phase = at % period, count = period - phase < end - at ? period - phase : end - at;
    const T* from = bias + phase;
    body(at, count, [from](std::int64_t k) { return from[k]; });
    at += count;
  }
}

template <class Act, class T>
void forward_as(const BiasActWork<T>& work, std::int64_t begin, std::int64_t end) {
  const BiasActWork<T> w = work;
  for_runs(w, begin, end, [&w](std::int64_t first, std::int64_t count, auto bias) {
    const T* __restrict x = w.x + first;
    T* __restrict y = w.out + first;
    const Factors<T> factors(w);
    for (std::int64_t k = 0; k < count; ++k) y[k] = clamped(Act::value(x[k] + bias(k), factors.alpha) * factors.gain, factors.clamp);
  });
}

template <class Act, class T>
double gradient_as(const BiasActWork<T>& work, std::int64_t begin, std::int64_t end) {
  const BiasActWork<T> w = work;
  double total = 0.0;
  for_runs(w, begin, end, [&w, &total](std::int64_t first, std::int64_t count, auto bias) {
    constexpr std::int64_t kStrip = 2048;  // summed while it is in the nearest cache
    for (std::int64_t start = 0; start < count; start += kStrip) {
      const std::int64_t length = count - start < kStrip ? count - start : kStrip;
      const T* __restrict saved = w.x + first + start;
      const T* __restrict dy = w.dy + first + start;
      T* __restrict dx = w.out + first + start;
      const Factors<T> factors(w);
      for (std::int64_t k = 0; k < length; ++k) dx[k] = dy[k] * slope_from<Act>(saved[k], bias(start + k), factors);
      if (w.want_sum) total += sum_of<T>(dx, length);
    }
  });
  return total;
}

template <class Act, class T>
void second_as(const BiasActWork<T>& work, std::int64_t begin, std::int64_t end) {
  const BiasActWork<T> w = work;
  for_runs(w, begin, end, [&w](std::int64_t first, std::int64_t count, auto bias) {
    const T* __restrict saved = w.x + first;
    const T* __restrict dy = w.dy + first;
    const T* __restrict ddx = w.ddx + first;
    T* __restrict out = w.out + first;
    const Factors<T> factors(w);
    for (std::int64_t k = 0; k < count; ++k) out[k] = ddx[k] * dy[k] * bend_from<Act>(saved[k], bias(k), factors);
  });
}

template <class T>
void forward(const BiasActWork<T>& w, std::int64_t begin, std::int64_t end) {
  with_activation(w, [&]<class Act>(Act) { forward_as<Act>(w, begin, end); });
}
template <class T>
double gradient(const BiasActWork<T>& w, std::int64_t begin, std::int64_t end) {
  return with_activation(w, [&]<class Act>(Act) { return gradient_as<Act>(w, begin, end); });
}
template <class T>
void second(const BiasActWork<T>& w, std::int64_t begin, std::int64_t end) {
  with_activation(w, [&]<class Act>(Act) { second_as<Act>(w, begin, end); });
}
template <class T>
void column_sums(const T* x, std::int64_t rows, std::int64_t columns, double* sums) {
  for_vectors<T>(columns, [&](std::int64_t c, auto width) {
    Vector<T, width> sum = {};
    for (std::int64_t row = 0; row < rows; ++row) sum += load<width>(x + row * columns + c);
    for (int j = 0; j < width; ++j) sums[c + j] += sum[j];
  });
}

}  // namespace

const BiasActLoops& bias_act_loops() {
  static const BiasActLoops table{{forward<float>, gradient<float>, second<float>, column_sums<float>},
                                  {forward<double>, gradient<double>, second<double>, column_sums<double>}};
  return table;
}

}  // namespace orrery::kernels::ORRERY_ISA
