// The activations and their derivatives, one element at a time, for the CPU loops and for CUDA. Whoever includes this defines
// ORRERY_ISA (the namespace), ORRERY_FN (how such functions are declared) and, before it, exp_of, expm1_of, tanh_of, sigmoid_of,
// softplus_of and abs_of.
#pragma once

#include "kernels/bias_act/bias_act_loops.h"

namespace orrery::kernels::ORRERY_ISA {
namespace {

constexpr double kSeluScale = 1.0507009873554805, kSeluAlpha = 1.6732632423543772;

// The numbers of enum Activation. value(u) = t; slope(t) = dt/du as a function of t; bend(t) = d slope / dt.
struct Linear {
  template <class T> ORRERY_FN static T value(T u, T) { return u; }
  template <class T> ORRERY_FN static T slope(T, T) { return T(1); }
  template <class T> ORRERY_FN static T bend(T) { return T(0); }
};
struct Leaky {  // relu: alpha = 0
  template <class T> ORRERY_FN static T value(T u, T alpha) { return u > T(0) ? u : u * alpha; }
  template <class T> ORRERY_FN static T slope(T t, T alpha) { return t > T(0) ? T(1) : alpha; }
  template <class T> ORRERY_FN static T bend(T) { return T(0); }
};
struct Relu {
  template <class T> ORRERY_FN static T value(T u, T) { return u < T(0) ? T(0) : u; }
  template <class T> ORRERY_FN static T slope(T t, T) { return t > T(0) ? T(1) : T(0); }
  template <class T> ORRERY_FN static T bend(T) { return T(0); }
};
struct Tanh {
  template <class T> ORRERY_FN static T value(T u, T) { return tanh_of(u); }
  template <class T> ORRERY_FN static T slope(T t, T) { return (T(1) - t) * (T(1) + t); }
  template <class T> ORRERY_FN static T bend(T t) { return T(-2) * t; }
};
struct Sigmoid {
  template <class T> ORRERY_FN static T value(T u, T) { return sigmoid_of(u); }
  template <class T> ORRERY_FN static T slope(T t, T) { return t * (T(1) - t); }
  template <class T> ORRERY_FN static T bend(T t) { return T(1) - T(2) * t; }
};
struct Elu {
  template <class T> ORRERY_FN static T value(T u, T) { return u > T(0) ? u : expm1_of(u); }
  template <class T> ORRERY_FN static T slope(T t, T) { return t > T(0) ? T(1) : t + T(1); }
  template <class T> ORRERY_FN static T bend(T t) { return t > T(0) ? T(0) : T(1); }
};
struct Selu {
  template <class T> ORRERY_FN static T value(T u, T) { return T(kSeluScale) * (u > T(0) ? u : T(kSeluAlpha) * expm1_of(u)); }
  template <class T> ORRERY_FN static T slope(T t, T) { return t > T(0) ? T(kSeluScale) : t + T(kSeluScale * kSeluAlpha); }
  template <class T> ORRERY_FN static T bend(T t) { return t > T(0) ? T(0) : T(1); }
};
struct Softplus {
  template <class T> ORRERY_FN static T value(T u, T) { return softplus_of(u); }
  template <class T> ORRERY_FN static T slope(T t, T) { return -expm1_of(-t); }
  template <class T> ORRERY_FN static T bend(T t) { return exp_of(-t); }
};
struct Swish {  // not monotonous: its derivatives are taken from the input
  template <class T> ORRERY_FN static T value(T u, T) { return u * sigmoid_of(u); }
  template <class T> ORRERY_FN static T slope_at_input(T u, T) {
    const T s = sigmoid_of(u);
    return s * (T(1) + u * (T(1) - s));
  }
  template <class T> ORRERY_FN static T bend_at_input(T u) {
    const T s = sigmoid_of(u);
    return s * (T(1) - s) * (T(2) + u * (T(1) - T(2) * s));
  }
};
// Leaky with alpha < 0 folds two inputs on one output: derivatives from the input.
struct LeakyFolded {
  template <class T> ORRERY_FN static T value(T u, T alpha) { return Leaky::value(u, alpha); }
  template <class T> ORRERY_FN static T slope_at_input(T u, T alpha) { return u > T(0) ? T(1) : alpha; }
  template <class T> ORRERY_FN static T bend_at_input(T) { return T(0); }
};

template <class T>
ORRERY_FN T clamped(T y, T clamp) {
  y = y > clamp ? clamp : y;
  return y < -clamp ? -clamp : y;
}

// Held in a local of each loop: the compiler then knows that no store changes them.
template <class T>
struct Factors {
  T alpha, gain, inverse_gain, clamp;
  ORRERY_FN explicit Factors(const BiasActWork<T>& w) : alpha(w.alpha), gain(w.gain), inverse_gain(w.inverse_gain), clamp(w.clamp) {}
};

// d y / d x from the saved tensor, and the derivative of that in the saved tensor.
template <class Act, class T>
ORRERY_FN T slope_from(T saved, T bias, const Factors<T> w) {
  if constexpr (requires { Act::slope_at_input(saved, saved); }) {
    const T u = saved + bias;
    return abs_of(Act::value(u, w.alpha) * w.gain) >= w.clamp ? T(0) : w.gain * Act::slope_at_input(u, w.alpha);
  } else {
    return abs_of(saved) >= w.clamp ? T(0) : w.gain * Act::slope(saved * w.inverse_gain, w.alpha);
  }
}
template <class Act, class T>
ORRERY_FN T bend_from(T saved, T bias, const Factors<T> w) {
  if constexpr (requires { Act::slope_at_input(saved, saved); }) {
    const T u = saved + bias;
    return abs_of(Act::value(u, w.alpha) * w.gain) >= w.clamp ? T(0) : w.gain * Act::bend_at_input(u);
  } else {
    return abs_of(saved) >= w.clamp ? T(0) : Act::bend(saved * w.inverse_gain);
  }
}

template <class T, class Visit>
ORRERY_FN auto with_activation(const BiasActWork<T>& w, const Visit& visit) {
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

}  // namespace
}  // namespace orrery::kernels::ORRERY_ISA
