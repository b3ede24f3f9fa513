// Elementary functions written so that the compiler turns loops over them into vector code. For *_loops.cpp only.
// Errors: float within 2 ulp, double within 4 ulp. NaN in, NaN out.
#pragma once

#include <cstdint>

namespace orrery::kernels::ORRERY_ISA {

template <class T>
struct Real;
template <>
struct Real<float> {
  using Bits = std::uint32_t;
  static constexpr int kMantissa = 23, kBias = 127, kExpTerms = 7, kLogTerms = 9;
  static constexpr float kRound = 12582912.0f;                // 1.5 * 2^23: adding it rounds to a whole number
  static constexpr float kLow = -87.0f, kHigh = 88.0f;        // exp stays a normal number
  static constexpr float kLn2High = 0.693145751953125f;       // few enough bits that n * kLn2High is exact
  static constexpr float kLn2Low = 1.42860682030941723e-6f;
};
template <>
struct Real<double> {
  using Bits = std::uint64_t;
  static constexpr int kMantissa = 52, kBias = 1023, kExpTerms = 13, kLogTerms = 18;
  static constexpr double kRound = 6755399441055744.0;        // 1.5 * 2^52
  static constexpr double kLow = -708.0, kHigh = 709.0;
  static constexpr double kLn2High = 0.693147180369123816490;
  static constexpr double kLn2Low = 1.90821492927058770002e-10;
};

template <class To, class From>
inline To bits_as(From from) {
  To to;
  __builtin_memcpy(&to, &from, sizeof to);
  return to;
}

// x = n ln2 + r, |r| <= ln2 / 2: gives 2^n and e^r - 1 (Taylor).
template <class T>
inline void split_exp(T x, T& power, T& minus_one) {
  using R = Real<T>;
  x = x < R::kLow ? R::kLow : x;
  x = x > R::kHigh ? R::kHigh : x;
  const T shifted = x * T(1.44269504088896340736) + R::kRound;
  const T n = shifted - R::kRound;
  const T r = (x - n * R::kLn2High) - n * R::kLn2Low;
  T p = T(1);
  for (int k = R::kExpTerms; k >= 2; --k) p = T(1) + p * r * T(1.0 / k);
  minus_one = p * r;
  const auto exponent = bits_as<typename R::Bits>(shifted) + typename R::Bits(R::kBias);
  power = bits_as<T>(static_cast<typename R::Bits>(exponent << R::kMantissa));
}

template <class T>
inline T exp_of(T x) {
  T power, minus_one;
  split_exp(x, power, minus_one);
  return power + power * minus_one;
}

// e^x - 1 without cancellation near 0.
template <class T>
inline T expm1_of(T x) {
  T power, minus_one;
  split_exp(x, power, minus_one);
  return (power - T(1)) + power * minus_one;
}

// log(1 + z) for z in [0, 1]: 2 artanh(z / (2 + z)).
template <class T>
inline T log1p_of(T z) {
  const T s = z / (T(2) + z), q = s * s;
  T p = T(0);
  for (int k = Real<T>::kLogTerms; k >= 1; --k) p = p * q + T(1.0 / (2 * k - 1));
  return T(2) * s * p;
}

template <class T>
inline T abs_of(T x) {
  return x < T(0) ? -x : x;
}

template <class T>
inline T tanh_of(T x) {
  const T e = expm1_of(T(-2) * abs_of(x));  // in (-1, 0]
  const T t = -e / (e + T(2));
  return x < T(0) ? -t : t;
}

template <class T>
inline T sigmoid_of(T x) {
  const T e = exp_of(-abs_of(x));
  const T s = T(1) / (T(1) + e);
  return x < T(0) ? e * s : s;
}

template <class T>
inline T softplus_of(T x) {
  const T positive = x < T(0) ? T(0) : x;
  return positive + log1p_of(exp_of(-abs_of(x)));
}

}  // namespace orrery::kernels::ORRERY_ISA
