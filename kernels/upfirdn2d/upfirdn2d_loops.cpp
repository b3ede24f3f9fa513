#include "kernels/upfirdn2d/upfirdn2d_loops.h"

#include "kernels/cpu/simd.h"

namespace orrery::kernels::ORRERY_ISA {
namespace {

// to[k] (+)= sum_r weights[r * up] * rows[r * pitch + k]
template <int kRows, bool kAdd, class T>
inline void weighted_sum(const T* rows, std::int64_t pitch, const T* weights, std::int64_t up, T* to, std::int64_t count) {
  const T* from[kRows];
  T weight[kRows];
  for (int r = 0; r < kRows; ++r) from[r] = rows + r * pitch, weight[r] = weights[r * up];
  for_vectors<T>(count, [&](std::int64_t k, auto width) {
    Vector<T, width> sum = weight[0] * load<width>(from[0] + k);
    for (int r = 1; r < kRows; ++r) sum += weight[r] * load<width>(from[r] + k);
    store<width>(to + k, kAdd ? load<width>(to + k) + sum : sum);
  });
}

template <bool kAdd, class T>
inline void some_rows(int count, const T* rows, std::int64_t pitch, const T* weights, std::int64_t up, T* to, std::int64_t length) {
  switch (count) {
    case 1: return weighted_sum<1, kAdd>(rows, pitch, weights, up, to, length);
    case 2: return weighted_sum<2, kAdd>(rows, pitch, weights, up, to, length);
    case 3: return weighted_sum<3, kAdd>(rows, pitch, weights, up, to, length);
    default: return weighted_sum<4, kAdd>(rows, pitch, weights, up, to, length);
  }
}

template <class T>
inline void combine_rows(int count, const T* rows, std::int64_t pitch, const T* weights, std::int64_t up, T* to, std::int64_t length) {
  some_rows<false>(count, rows, pitch, weights, up, to, length);
  for (int at = 4; at < count; at += 4) some_rows<true>(count - at, rows + at * pitch, pitch, weights + at * up, up, to, length);
}

// Horizontal passes: y[(period m + r) step + c] (+)= sum_t taps[r][t] * buffer[(first[r] + advance m + t) step + c].
template <class T>
using FilterRow = void (*)(const UpFirDnWork<T>&, const T* taps, const T* buffer, T* y);

template <bool kAdd, int N, class T>
inline void put(T* to, Vector<T, N> v) { store<N>(to, kAdd ? load<N>(to) + v : v); }

// Rate 1: neighbours in memory are neighbours in the sum, whatever the step.
template <int kTaps, bool kAdd, class T>
void filter_plain(const UpFirDnWork<T>& w, const T* taps, const T* buffer, T* y) {
  const std::int64_t count = kTaps ? kTaps : w.horizontal.phase_taps, step = w.step;
  const T* from = buffer + w.first_x[0] * step;
  for_vectors<T>(w.horizontal.out * step, [=](std::int64_t k, auto width) {
    Vector<T, width> sum = taps[0] * load<width>(from + k);
    for (std::int64_t t = 1; t < count; ++t) sum += taps[t] * load<width>(from + k + t * step);
    put<kAdd, width, T>(y + k, sum);
  });
}

// Twice up: two outputs from each place.
template <int kTaps, bool kAdd, class T>
void filter_up2(const UpFirDnWork<T>& w, const T* taps, const T* buffer, T* y) {
  const std::int64_t count = kTaps ? kTaps : w.horizontal.phase_taps, out = w.horizontal.out;
  const T *a = buffer + w.first_x[0], *b = buffer + w.first_x[1], *tap_a = taps, *tap_b = taps + count;
  const std::int64_t pairs = kAdd ? 0 : out / 2;
  for_vectors<T>(pairs, [=](std::int64_t m, auto width) {
    Vector<T, width> even = tap_a[0] * load<width>(a + m), odd = tap_b[0] * load<width>(b + m);
    for (std::int64_t t = 1; t < count; ++t) even += tap_a[t] * load<width>(a + m + t), odd += tap_b[t] * load<width>(b + m + t);
    store_interleaved<width, T>(y + 2 * m, even, odd);
  });
  for (std::int64_t o = 2 * pairs; o < out; ++o) {
    const T *from = (o % 2 ? b : a) + o / 2, *tap = o % 2 ? tap_b : tap_a;
    T sum = kAdd ? y[o] : T(0);
    for (std::int64_t t = 0; t < count; ++t) sum += tap[t] * from[t];
    y[o] = sum;
  }
}

// Twice down: pairs of taps meet the even and the odd inputs. (The buffer ends with a spare element: half a pair is read as a whole.)
template <int kTaps, bool kAdd, class T>
void filter_down2(const UpFirDnWork<T>& w, const T* taps, const T* buffer, T* y) {
  const std::int64_t count = kTaps ? kTaps : w.horizontal.phase_taps;
  const T* from = buffer + w.first_x[0];
  for_vectors<T>(w.horizontal.out, [=](std::int64_t m, auto width) {
    Vector<T, width> sum = {};
    for (std::int64_t t = 0; t < count; t += 2) {
      Vector<T, width> even, odd;
      load_deinterleaved<width>(from + 2 * m + t, even, odd);
      sum += taps[t] * even;
      if (t + 1 < count) sum += taps[t + 1] * odd;
    }
    put<kAdd, width, T>(y + m, sum);
  });
}

// Any rates; vectors along the step.
template <int kTaps, bool kAdd, class T>
void filter_any(const UpFirDnWork<T>& w, const T* taps, const T* buffer, T* y) {
  const std::int64_t period = w.horizontal.period, advance = w.horizontal.advance, step = w.step;
  const std::int64_t count = kTaps ? kTaps : w.horizontal.phase_taps, out = w.horizontal.out;
  for (std::int64_t o = 0, r = 0, m = 0; o < out; ++o, y += step) {
    const T *from = buffer + (w.first_x[r] + advance * m) * step, *tap = taps + r * count;
    for_vectors<T>(step, [=](std::int64_t c, auto width) {
      Vector<T, width> sum = tap[0] * load<width>(from + c);
      for (std::int64_t t = 1; t < count; ++t) sum += tap[t] * load<width>(from + t * step + c);
      put<kAdd, width, T>(y + c, sum);
    });
    if (++r == period) r = 0, ++m;
  }
}

template <int kTaps, bool kAdd, class T>
FilterRow<T> by_rates(const UpFirDnWork<T>& w) {
  const UpFirDnAxis& a = w.horizontal;
  if (a.period == 1 && a.advance == 1) return filter_plain<kTaps, kAdd, T>;
  if (w.step == 1 && a.period == 2 && a.advance == 1) return filter_up2<kTaps, kAdd, T>;
  if (w.step == 1 && a.period == 1 && a.advance == 2) return filter_down2<kTaps, kAdd, T>;
  return filter_any<kTaps, kAdd, T>;
}

template <bool kAdd, class T>
FilterRow<T> filter_for(const UpFirDnWork<T>& w) {
  switch (w.horizontal.phase_taps) {
    case 2: return by_rates<2, kAdd, T>(w);
    case 4: return by_rates<4, kAdd, T>(w);
    case 6: return by_rates<6, kAdd, T>(w);
    case 12: return by_rates<12, kAdd, T>(w);
    default: return by_rates<0, kAdd, T>(w);
  }
}

template <class T>
void rows(const UpFirDnWork<T>& work, T* buffers, std::int64_t begin, std::int64_t end) {
  const UpFirDnWork<T> w = work;
  const UpFirDnAxis &h = w.horizontal, &v = w.vertical;
  const FilterRow<T> filter = filter_for<false>(w), filter_more = filter_for<true>(w);
  // The part of the picture that a row buffer holds.
  const std::int64_t low = w.buffer_low > 0 ? w.buffer_low : 0, past = w.buffer_low + w.buffer_size, size = w.buffer_size * w.step;
  const std::int64_t length = ((past < h.in ? past : h.in) - low) * w.step, pitch = h.in * w.step, out = h.out * w.step;
  const std::int64_t margin = (low - w.buffer_low) * w.step;
  const T one = T(1);
  std::int64_t plane = begin / v.out, o = begin % v.out;
  // A few rows are combined before the first is filtered: reading what was just stored, at another alignment, would wait for the store.
  for (std::int64_t row = begin; row < end; row += w.buffers) {
    const std::int64_t some = end - row < w.buffers ? end - row : w.buffers, from_o = o;
    for (std::int64_t i = 0; i < some; ++i) {
      const UpFirDnRow& r = w.rows[o];
      const T* x = w.x + (plane * v.in + r.first) * pitch + low * w.step;
      T *y = w.y + (row + i) * out, *buffer = buffers + i * size;
      if (r.count == 0 || length <= 0) {
        for (std::int64_t k = 0; k < out; ++k) y[k] = T(0);
      } else if (w.separable) {
        combine_rows(r.count, x, pitch, w.taps_y + r.tap, v.up, buffer + margin, length);
      } else {
        for (int j = 0; j < r.count; ++j) {
          weighted_sum<1, false>(x + j * pitch, pitch, &one, 0, buffer + margin, length);
          (j ? filter_more : filter)(w, w.taps_xy + (r.tap + j * v.up) * h.period * h.phase_taps, buffer, y);
        }
      }
      if (++o == v.out) o = 0, ++plane;
    }
    if (!w.separable || length <= 0) continue;
    for (std::int64_t i = 0, at = from_o; i < some; ++i) {
      if (w.rows[at].count > 0) filter(w, w.taps_x, buffers + i * size, w.y + (row + i) * out);
      if (++at == v.out) at = 0;
    }
  }
}

}  // namespace

const UpFirDnLoops& upfirdn2d_loops() {
  static const UpFirDnLoops table{{rows<float>}, {rows<double>}};
  return table;
}

}  // namespace orrery::kernels::ORRERY_ISA
