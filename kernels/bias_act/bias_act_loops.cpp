#include "kernels/bias_act/bias_act_loops.h"

#include "kernels/cpu/vector_math.h"

namespace orrery::kernels::ORRERY_ISA {
namespace {

constexpr double kSeluScale = 1.0507009873554805, kSeluAlpha = 1.6732632423543772;

// The numbers of enum Activation. value(u) = t; slope(t) = dt/du as a function of t; bend(t) = d slope / dt.
struct Linear {
  template <class T> static T value(T u, T) { return u; }
  template <class T> static T slope(T, T) { return T(1); }
  template <class T> static T bend(T) { return T(0); }
};
struct Leaky {  // relu: alpha = 0
  template <class T> static T value(T u, T alpha) { return u > T(0) ? u : u * alpha; }
  template <class T> static T slope(T t, T alpha) { return t > T(0) ? T(1) : alpha; }
  template <class T> static T bend(T) { return T(0); }
};
struct Relu {
  template <class T> static T value(T u, T) { return u < T(0) ? T(0) : u; }
  template <class T> static T slope(T t, T) { return t > T(0) ? T(1) : T(0); }
  template <class T> static T bend(T) { return T(0); }
};
struct Tanh {
  template <class T> static T value(T u, T) { return tanh_of(u); }
  template <class T> static T slope(T t, T) { return (T(1) - t) * (T(1) + t); }
  template <class T> static T bend(T t) { return T(-2) * t; }
};
struct Sigmoid {
  template <class T> static T value(T u, T) { return sigmoid_of(u); }
  template <class T> static T slope(T t, T) { return t * (T(1) - t); }
  template <class T> static T bend(T t) { return T(1) - T(2) * t; }
};
struct Elu {
  template <class T> static T value(T u, T) { return u > T(0) ? u : expm1_of(u); }
  template <class T> static T slope(T t, T) { return t > T(0) ? T(1) : t + T(1); }
  template <class T> static T bend(T t) { return t > T(0) ? T(0) : T(1); }
};
struct Selu {
  template <class T> static T value(T u, T) { return T(kSeluScale) * (u > T(0) ? u : T(kSeluAlpha) * expm1_of(u)); }
  template <class T> static T slope(T t, T) { return t > T(0) ? T(kSeluScale) : t + T(kSeluScale * kSeluAlpha); }
  template <class T> static T bend(T t) { return t > T(0) ? T(0) : T(1); }
};
struct Softplus {
  template <class T> static T value(T u, T) { return softplus_of(u); }
  template <class T> static T slope(T t, T) { return -expm1_of(-t); }
  template <class T> static T bend(T t) { return exp_of(-t); }
};
struct Swish {  // not monotonous: its derivatives are taken from the input
  template <class T> static T value(T u, T) { return u * sigmoid_of(u); }
  template <class T> static T slope_at_input(T u, T) {
    const T s = sigmoid_of(u);
    return s * (T(1) + u * (T(1) - s));
  }
  template <class T> static T bend_at_input(T u) {
    const T s = sigmoid_of(u);
    return s * (T(1) - s) * (T(2) + u * (T(1) - T(2) * s));
  }
};
// Leaky with alpha < 0 folds two inputs on one output: derivatives from the input.
struct LeakyFolded {
  template <class T> static T value(T u, T alpha) { return Leaky::value(u, alpha); }
  template <class T> static T slope_at_input(T u, T alpha) { return u > T(0) ? T(1) : alpha; }
  template <class T> static T bend_at_input(T) { return T(0); }
};

template <class T>
inline T clamped(T y, T clamp) {
  y = y > clamp ? clamp : y;
  return y < -clamp ? -clamp : y;
}

// d y / d x from the saved tensor, and the derivative of that in the saved tensor.
template <class Act, class T>
inline T slope_from(T saved, T bias, const BiasActWork<T>& w) {
  if constexpr (requires { Act::slope_at_input(saved, saved); }) {
    const T u = saved + bias;
    return abs_of(Act::value(u, w.alpha) * w.gain) >= w.clamp ? T(0) : w.gain * Act::slope_at_input(u, w.alpha);
  } else {
    return abs_of(saved) >= w.clamp ? T(0) : w.gain * Act::slope(saved * w.inverse_gain, w.alpha);
  }
}
template <class Act, class T>
inline T bend_from(T saved, T bias, const BiasActWork<T>& w) {
  if constexpr (requires { Act::slope_at_input(saved, saved); }) {
    const T u = saved + bias;
    return abs_of(Act::value(u, w.alpha) * w.gain) >= w.clamp ? T(0) : w.gain * Act::bend_at_input(u);
  } else {
    return abs_of(saved) >= w.clamp ? T(0) : Act::bend(saved * w.inverse_gain);
  }
}

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
    const T alpha = w.alpha, gain = w.gain, clamp = w.clamp;
    for (std::int64_t k = 0; k < count; ++k) y[k] = clamped(Act::value(x[k] + bias(k), alpha) * gain, clamp);
  });
}

template <class Act, class T>
double gradient_as(const BiasActWork<T>& work, std::int64_t begin, std::int64_t end) {
  const BiasActWork<T> w = work;
  constexpr int kLanes = 32;
  double total = 0.0;
  for_runs(w, begin, end, [&](std::int64_t first, std::int64_t count, auto bias) {
    const T* __restrict saved = w.x + first;
    const T* __restrict dy = w.dy + first;
    T* __restrict dx = w.out + first;
    T lanes[kLanes] = {};
    std::int64_t k = 0;
    for (; k + kLanes <= count; k += kLanes) {
      for (int j = 0; j < kLanes; ++j) {
        const T value = dy[k + j] * slope_from<Act>(saved[k + j], bias(k + j), w);
        dx[k + j] = value;
        lanes[j] += value;
      }
    }
    for (; k < count; ++k) {
      dx[k] = dy[k] * slope_from<Act>(saved[k], bias(k), w);
      total += dx[k];
    }
    for (int j = 0; j < kLanes; ++j) total += lanes[j];
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
    for (std::int64_t k = 0; k < count; ++k) out[k] = ddx[k] * dy[k] * bend_from<Act>(saved[k], bias(k), w);
  });
}

template <class T, class Visit>
auto with_activation(const BiasActWork<T>& w, const Visit& visit) {
  switch (w.activation) {
    case 0: return visit(Linear{});
    case 1: return visit(Relu{});
    case 2: return w.saved_input ? visit(LeakyFolded{}) : visit(Leaky{});
    case 3: return visit(Tanh{});
    case 4: return visit(Sigmoid{});
    case 5: return visit(Elu{});
    case 6: return visit(Selu{});
    case 7: return visit(Softplus{});
    default: return visit(Swish{});
  }
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
  for (std::int64_t row = 0; row < rows; ++row) {
    const T* __restrict from = x + row * columns;
    for (std::int64_t c = 0; c < columns; ++c) sums[c] += from[c];
  }
}

}  // namespace

const BiasActLoops& bias_act_loops() {
  static const BiasActLoops table{{forward<float>, gradient<float>, second<float>, column_sums<float>},
                                  {forward<double>, gradient<double>, second<double>, column_sums<double>}};
  return table;
}

}  // namespace orrery::kernels::ORRERY_ISA
