// Vectors of the instruction set that a *_loops.cpp is compiled for, as GCC's vector types: ordinary operators, no intrinsics.
#pragma once

#include <cstdint>
#include <type_traits>

namespace orrery::kernels::ORRERY_ISA {

#if defined(__AVX512F__)
constexpr int kVectorBytes = 64;
#elif defined(__AVX2__)
constexpr int kVectorBytes = 32;
#else
constexpr int kVectorBytes = 16;
#endif

template <class T>
constexpr int kWidth = kVectorBytes / static_cast<int>(sizeof(T));

template <class T, int N>
struct VectorOf {
  typedef T Type __attribute__((vector_size(N * sizeof(T))));
  typedef std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t> Whole;
  typedef Whole Index __attribute__((vector_size(N * sizeof(T))));
};
template <class T, int N = kWidth<T>>
using Vector = typename VectorOf<T, N>::Type;

template <int N, class T>
inline Vector<T, N> load(const T* from) {
  Vector<T, N> v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}
template <int N, class T>
inline void store(T* to, Vector<T, N> v) {
  __builtin_memcpy(to, &v, sizeof v);
}

// Calls body(k, width) over [0, count) with the widest vectors that still fit: width is a std::integral_constant, 1 at the very end.
template <class T, int N = kWidth<T>, class Body>
inline std::int64_t for_vectors(std::int64_t count, const Body& body, std::int64_t k = 0) {
  for (; k + N <= count; k += N) body(k, std::integral_constant<int, N>{});
  if constexpr (N > 4) return for_vectors<T, N / 2>(count, body, k);
  if constexpr (N > 1 && N <= 4) return for_vectors<T, 1>(count, body, k);
  return k;
}

// a0 b0 a1 b1 ... at `to`.
template <int N, class T>
inline void store_interleaved(T* to, Vector<T, N> a, Vector<T, N> b) {
  if constexpr (N == 1) {
    to[0] = a[0], to[1] = b[0];
  } else {
    typename VectorOf<T, N>::Index low, high;
    for (int k = 0; k < N; ++k) {
      low[k] = k / 2 + (k % 2) * N;
      high[k] = low[k] + N / 2;
    }
    store<N>(to, static_cast<Vector<T, N>>(__builtin_shuffle(a, b, low)));
    store<N>(to + N, static_cast<Vector<T, N>>(__builtin_shuffle(a, b, high)));
  }
}

// The even and the odd elements of the 2 N from `from` on.
template <int N, class T>
inline void load_deinterleaved(const T* from, Vector<T, N>& even, Vector<T, N>& odd) {
  if constexpr (N == 1) {
    even[0] = from[0], odd[0] = from[1];
  } else {
    typename VectorOf<T, N>::Index at;
    for (int k = 0; k < N; ++k) at[k] = 2 * k;
    const Vector<T, N> a = load<N>(from), b = load<N>(from + N);
    even = __builtin_shuffle(a, b, at);
    odd = __builtin_shuffle(a, b, at + 1);
  }
}

// Sum of `count` elements; float32 in a few dozen partial sums.
template <class T>
inline double sum_of(const T* from, std::int64_t count) {
  constexpr int N = kWidth<T>;
  Vector<T> a = {}, b = {};
  std::int64_t k = 0;
  for (; k + 2 * N <= count; k += 2 * N) a += load<N>(from + k), b += load<N>(from + k + N);
  a += b;
  double total = 0.0;
  for (int j = 0; j < N; ++j) total += a[j];
  for (; k < count; ++k) total += from[k];
  return total;
}

}  // namespace orrery::kernels::ORRERY_ISA
