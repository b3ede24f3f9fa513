#include "kernels/nearest_code/nearest_code_loops.h"

#include "kernels/cpu/simd.h"

namespace orrery::kernels::ORRERY_ISA {
namespace {

constexpr int kVectors = 2;          // of codes, side by side
constexpr int kRows = 4;             // that share each load of codes
constexpr std::int64_t kChunk = 64;  // rows that stay in the nearest cache while a panel goes over them

template <class T>
constexpr std::int64_t kPanel = kVectors * kWidth<T>;
template <class T>
using Whole = typename VectorOf<T, kWidth<T>>::Index;

template <class T>
void pack(const T* codes, std::int64_t count, std::int64_t dim, T* panels, T* half_norms) {
  const std::int64_t width = kPanel<T>, padded = (count + width - 1) / width * width;
  for (std::int64_t k = 0; k < padded; ++k) {
    T* to = panels + k / width * width * dim + k % width;
    T sum = 0;
    for (std::int64_t d = 0; d < dim; ++d) {
      const T value = k < count ? codes[k * dim + d] : T(0);
      to[d * width] = value;
      sum += value * value;
    }
    half_norms[k] = k < count ? sum / T(2) : static_cast<T>(__builtin_inf());
  }
}

// The least score of each lane so far, and whose it is.
template <class T>
struct Best {
  Vector<T> score[kVectors];
  Whole<T> code[kVectors];
};

// R rows against one panel. Every code goes through the same operations, so that equal codes score equally to the last bit.
template <class T, int R>
inline void tile(const T* panel, const T* half_norms, const T* x, std::int64_t dim, std::int64_t first_code, Best<T>* best) {
  constexpr int N = kWidth<T>;
  Vector<T> dot[R][kVectors] = {};
  for (std::int64_t d = 0; d < dim; ++d) {
    Vector<T> e[kVectors];
    for (int v = 0; v < kVectors; ++v) e[v] = load<N>(panel + d * kPanel<T> + v * N);
    for (int r = 0; r < R; ++r) {
      const T value = x[r * dim + d];
      for (int v = 0; v < kVectors; ++v) dot[r][v] += e[v] * value;
    }
  }
  Whole<T> lanes;
  for (int k = 0; k < N; ++k) lanes[k] = k;
  for (int v = 0; v < kVectors; ++v) {
    const Vector<T> norm = load<N>(half_norms + v * N);
    const Whole<T> code = lanes + static_cast<typename VectorOf<T, N>::Whole>(first_code + v * N);
    for (int r = 0; r < R; ++r) {
      const Vector<T> score = norm - dot[r][v];
      const Whole<T> less = score < best[r].score[v];
      best[r].score[v] = less ? score : best[r].score[v];
      best[r].code[v] = less ? code : best[r].code[v];
    }
  }
}

template <class T>
std::int64_t first_least(const Best<T>& best) {
  T least = static_cast<T>(__builtin_inf());
  std::int64_t code = -1;
  for (int v = 0; v < kVectors; ++v) {
    for (int k = 0; k < kWidth<T>; ++k) {
      const T score = best.score[v][k];
      const auto at = static_cast<std::int64_t>(best.code[v][k]);
      if (score < least || (score == least && code >= 0 && at < code)) least = score, code = at;
    }
  }
  return code < 0 ? 0 : code;
}

template <class T>
void nearest(const PackedCodes<T>& codes, const T* x, std::int64_t rows, std::int64_t* out) {
  Best<T> best[kChunk];
  const std::int64_t dim = codes.dim, width = kPanel<T>;
  for (std::int64_t start = 0; start < rows; start += kChunk) {
    const std::int64_t count = rows - start < kChunk ? rows - start : kChunk;
    for (std::int64_t r = 0; r < count; ++r) {
      for (int v = 0; v < kVectors; ++v) {
        best[r].score[v] = Vector<T>{} + static_cast<T>(__builtin_inf());
        best[r].code[v] = Whole<T>{};
      }
    }
    for (std::int64_t p = 0; p < codes.count; ++p) {
      const T *panel = codes.panels + p * width * dim, *norms = codes.half_norms + p * width;
      std::int64_t r = 0;
      for (; r + kRows <= count; r += kRows) tile<T, kRows>(panel, norms, x + (start + r) * dim, dim, p * width, best + r);
      for (; r < count; ++r) tile<T, 1>(panel, norms, x + (start + r) * dim, dim, p * width, best + r);
    }
    for (std::int64_t r = 0; r < count; ++r) out[start + r] = first_least(best[r]);
  }
}

}  // namespace

const NearestCodeLoops& nearest_code_loops() {
  static const NearestCodeLoops table{{kPanel<float>, pack<float>, nearest<float>}, {kPanel<double>, pack<double>, nearest<double>}};
  return table;
}

}  // namespace orrery::kernels::ORRERY_ISA
