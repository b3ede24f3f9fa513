// Philox 4x32-10 and Box-Muller for one block, in plain arithmetic that C++ and CUDA round alike (compile with -ffp-contract=off, or
// -fmad=false): the same bits on every device, whatever the vector width. Inner header.
#pragma once

#include <cstdint>
#include <string.h>

#if defined(__CUDACC__)
#define ORRERY_PHILOX static __host__ __device__ __forceinline__
#else
#define ORRERY_PHILOX static inline
#endif

namespace orrery::kernels::philox {

// Salmon et al. 2011, section 3.3 and table 2.
constexpr std::uint32_t kMultiplier0 = 0xD2511F53u, kMultiplier1 = 0xCD9E8D57u, kWeyl0 = 0x9E3779B9u, kWeyl1 = 0xBB67AE85u;
constexpr int kRounds = 10;

ORRERY_PHILOX void round_of(std::uint32_t c[4], std::uint32_t key0, std::uint32_t key1) {
  const std::uint64_t p0 = static_cast<std::uint64_t>(kMultiplier0) * c[0], p1 = static_cast<std::uint64_t>(kMultiplier1) * c[2];
  const std::uint32_t c1 = c[1], c3 = c[3];
  c[0] = static_cast<std::uint32_t>(p1 >> 32) ^ c1 ^ key0;
  c[1] = static_cast<std::uint32_t>(p1);
  c[2] = static_cast<std::uint32_t>(p0 >> 32) ^ c3 ^ key1;
  c[3] = static_cast<std::uint32_t>(p0);
}

ORRERY_PHILOX void block_of(std::uint64_t key, std::uint64_t block, std::uint64_t stream, std::uint32_t out[4]) {
  out[0] = static_cast<std::uint32_t>(block), out[1] = static_cast<std::uint32_t>(block >> 32);
  out[2] = static_cast<std::uint32_t>(stream), out[3] = static_cast<std::uint32_t>(stream >> 32);
  std::uint32_t key0 = static_cast<std::uint32_t>(key), key1 = static_cast<std::uint32_t>(key >> 32);
  for (int r = 0; r < kRounds; ++r, key0 += kWeyl0, key1 += kWeyl1) round_of(out, key0, key1);
}

template <class To, class From>
ORRERY_PHILOX To same_bits(From from) {
  To to;
  ::memcpy(&to, &from, sizeof to);
  return to;
}

// log(u), u a normal number in (0, 1]: u = m 2^e with m in [sqrt(1/2), sqrt(2)); log m = 2 artanh((m - 1) / (m + 1)).
ORRERY_PHILOX float log_of(float u) {
  const std::int32_t bits = same_bits<std::int32_t>(u) - 0x3F3504F3;
  const float m = same_bits<float>((bits & 0x007FFFFF) + 0x3F3504F3);
  const float s = (m - 1.0f) / (m + 1.0f), q = s * s;
  const float p = 1.0f + q * (1.0f / 3 + q * (1.0f / 5 + q * (1.0f / 7 + q * (1.0f / 9))));
  return static_cast<float>(bits >> 23) * 0.693147180559945309f + 2.0f * s * p;
}
ORRERY_PHILOX double log_of(double u) {
  const std::int64_t bits = same_bits<std::int64_t>(u) - 0x3FE6A09E667F3BCDll;
  const double m = same_bits<double>((bits & 0x000FFFFFFFFFFFFFll) + 0x3FE6A09E667F3BCDll);
  const double s = (m - 1.0) / (m + 1.0), q = s * s;
  double p = 1.0 / 23;
  p = p * q + 1.0 / 21;
  p = p * q + 1.0 / 19;
  p = p * q + 1.0 / 17;
  p = p * q + 1.0 / 15;
  p = p * q + 1.0 / 13;
  p = p * q + 1.0 / 11;
  p = p * q + 1.0 / 9;
  p = p * q + 1.0 / 7;
  p = p * q + 1.0 / 5;
  p = p * q + 1.0 / 3;
  p = p * q + 1.0;
  return static_cast<double>(static_cast<std::int32_t>(bits >> 52)) * 0.693147180559945309 + 2.0 * s * p;
}

// sin and cos on [-pi/4, pi/4], Taylor.
ORRERY_PHILOX void sin_cos(float t, float& sine, float& cosine) {
  const float q = t * t;
  sine = t + t * q * (-1.0f / 6 + q * (1.0f / 120 + q * (-1.0f / 5040 + q * (1.0f / 362880))));
  cosine = 1.0f + q * (-0.5f + q * (1.0f / 24 + q * (-1.0f / 720 + q * (1.0f / 40320 + q * (-1.0f / 3628800)))));
}
ORRERY_PHILOX void sin_cos(double t, double& sine, double& cosine) {
  const double q = t * t;
  double s = 1.0 / 355687428096000.0;  // 1 / 17!
  s = s * q - 1.0 / 1307674368000.0;
  s = s * q + 1.0 / 6227020800.0;
  s = s * q - 1.0 / 39916800.0;
  s = s * q + 1.0 / 362880.0;
  s = s * q - 1.0 / 5040.0;
  s = s * q + 1.0 / 120.0;
  s = s * q - 1.0 / 6.0;
  sine = t + t * q * s;
  double c = 1.0 / 20922789888000.0;  // 1 / 16!
  c = c * q - 1.0 / 87178291200.0;
  c = c * q + 1.0 / 479001600.0;
  c = c * q - 1.0 / 3628800.0;
  c = c * q + 1.0 / 40320.0;
  c = c * q - 1.0 / 720.0;
  c = c * q + 1.0 / 24.0;
  c = c * q - 0.5;
  cosine = 1.0 + q * c;
}

// The angle is quadrant * pi/2 + t; radius is sqrt(-2 log u).
template <class T>
ORRERY_PHILOX void turn(std::uint32_t quadrant, T t, T radius, T& first, T& second) {
  T sine, cosine;
  sin_cos(t, sine, cosine);
  const T c = quadrant & 1u ? sine : cosine, s = quadrant & 1u ? cosine : sine;
  first = radius * (((quadrant + 1u) & 2u) ? -c : c);
  second = radius * ((quadrant & 2u) ? -s : s);
}

ORRERY_PHILOX float root_of(float x) {
#if defined(__CUDA_ARCH__)
  return __fsqrt_rn(x);
#else
  return __builtin_sqrtf(x);
#endif
}
ORRERY_PHILOX double root_of(double x) {
#if defined(__CUDA_ARCH__)
  return __dsqrt_rn(x);
#else
  return __builtin_sqrt(x);
#endif
}

// Two normals (Box and Muller 1958) from two words: u = (w + 1/2) / 2^32, angle = 2 pi w / 2^32.
ORRERY_PHILOX void normal_pair(std::uint32_t w0, std::uint32_t w1, float& first, float& second) {
  const float u = static_cast<float>(w0) * 2.3283064365386963e-10f + 1.1641532182693481e-10f;
  const std::uint32_t quadrant = (w1 + 0x20000000u) >> 30;
  const float t = static_cast<float>(static_cast<std::int32_t>(w1 - (quadrant << 30))) * 1.4629180792671596e-9f;  // pi / 2^31
  turn(quadrant & 3u, t, root_of(-2.0f * log_of(u)), first, second);
}
// Two normals from four words, the low word of each number first.
ORRERY_PHILOX void normal_pair(const std::uint32_t w[4], double& first, double& second) {
  const std::uint64_t a = w[0] | static_cast<std::uint64_t>(w[1]) << 32, b = w[2] | static_cast<std::uint64_t>(w[3]) << 32;
  const double u = static_cast<double>(static_cast<std::int64_t>(a >> 11)) * 1.1102230246251565e-16 + 5.5511151231257827e-17;
  const std::uint64_t quadrant = (b + 0x2000000000000000ull) >> 62;
  const double t = static_cast<double>(static_cast<std::int64_t>(b - (quadrant << 62))) * 3.4061215800865545e-19;  // pi / 2^63
  turn(static_cast<std::uint32_t>(quadrant & 3u), t, root_of(-2.0 * log_of(u)), first, second);
}

ORRERY_PHILOX float uniform_of(std::uint32_t w) { return static_cast<float>(w >> 8) * 5.9604644775390625e-08f; }
ORRERY_PHILOX double uniform_of(std::uint32_t low, std::uint32_t high) {
  return static_cast<double>(static_cast<std::int64_t>((low | static_cast<std::uint64_t>(high) << 32) >> 11)) * 1.1102230246251565e-16;
}

}  // namespace orrery::kernels::philox
