#include "kernels/upfirdn2d/upfirdn2d_loops.h"

namespace orrery::kernels::ORRERY_ISA {
namespace {

// to[k] = sum_r weight[r] * row[r][k]
template <int kRows, class T>
inline void weighted_sum(const T* const* rows, const T* weights, T* __restrict to, std::int64_t count, bool add) {
  const T* from[kRows];
  T weight[kRows];
  for (int r = 0; r < kRows; ++r) from[r] = rows[r], weight[r] = weights[r];
  if (add) {
    for (std::int64_t k = 0; k < count; ++k) {
      T sum = to[k];
      for (int r = 0; r < kRows; ++r) sum += weight[r] * from[r][k];
      to[k] = sum;
    }
  } else {
    for (std::int64_t k = 0; k < count; ++k) {
      T sum = weight[0] * from[0][k];
      for (int r = 1; r < kRows; ++r) sum += weight[r] * from[r][k];
      to[k] = sum;
    }
  }
}

template <class T>
void combine_rows(const T* const* rows, const T* weights, int count, T* to, std::int64_t length) {
  bool add = false;
  if (count == 0) {
    for (std::int64_t k = 0; k < length; ++k) to[k] = T(0);
  }
  for (int at = 0; at < count; at += 4, add = true) {
    switch (count - at) {
      case 1: weighted_sum<1>(rows + at, weights + at, to, length, add); break;
      case 2: weighted_sum<2>(rows + at, weights + at, to, length, add); break;
      case 3: weighted_sum<3>(rows + at, weights + at, to, length, add); break;
      default: weighted_sum<4>(rows + at, weights + at, to, length, add); break;
    }
  }
}

// y[(period m + r) step + c] (+)= sum_t taps[r][t] * buffer[(first[r] + advance m + t) step + c]. 0 stands for "not known when compiling".
template <int kPeriod, int kAdvance, int kTaps, bool kPlanar, class T>
void filter_row(const UpFirDnWork<T>& w, const T* taps, const T* __restrict buffer, T* __restrict y, bool add) {
  const std::int64_t period = kPeriod ? kPeriod : w.horizontal.period, advance = kAdvance ? kAdvance : w.horizontal.advance;
  const std::int64_t count = kTaps ? kTaps : w.horizontal.phase_taps, step = kPlanar ? 1 : w.step, out = w.horizontal.out;
  if (kPeriod == 1 && kAdvance == 1) {  // neighbours in memory are neighbours in the sum, whatever the step
    const T* from = buffer + w.first_x[0] * step;
    const std::int64_t length = out * step;
    for (std::int64_t k = 0; k < length; ++k) {
      T sum = add ? y[k] : T(0);
      for (std::int64_t t = 0; t < count; ++t) sum += taps[t] * from[k + t * step];
      y[k] = sum;
    }
    return;
  }
  if (kPlanar) {
    for (std::int64_t r = 0; r < period; ++r) {
      const T* from = buffer + w.first_x[r];
      const T* tap = taps + r * count;
      const std::int64_t length = (out - r + period - 1) / period;
      for (std::int64_t m = 0; m < length; ++m) {
        T sum = add ? y[period * m + r] : T(0);
        for (std::int64_t t = 0; t < count; ++t) sum += tap[t] * from[advance * m + t];
        y[period * m + r] = sum;
      }
    }
    return;
  }
  for (std::int64_t o = 0, r = 0, m = 0; o < out; ++o) {
    const T* from = buffer + (w.first_x[r] + advance * m) * step;
    const T* tap = taps + r * count;
    T* __restrict to = y + o * step;
    for (std::int64_t c = 0; c < step; ++c) {
      T sum = add ? to[c] : T(0);
      for (std::int64_t t = 0; t < count; ++t) sum += tap[t] * from[t * step + c];
      to[c] = sum;
    }
    if (++r == period) r = 0, ++m;
  }
}

template <class T>
using FilterRow = void (*)(const UpFirDnWork<T>&, const T*, const T*, T*, bool);

template <int kPeriod, int kAdvance, bool kPlanar, class T>
FilterRow<T> by_taps(std::int64_t taps) {
  switch (taps) {
    case 2: return filter_row<kPeriod, kAdvance, 2, kPlanar, T>;
    case 4: return filter_row<kPeriod, kAdvance, 4, kPlanar, T>;
    case 6: return filter_row<kPeriod, kAdvance, 6, kPlanar, T>;
    case 12: return filter_row<kPeriod, kAdvance, 12, kPlanar, T>;
    default: return filter_row<kPeriod, kAdvance, 0, kPlanar, T>;
  }
}

template <bool kPlanar, class T>
FilterRow<T> by_rates(const UpFirDnAxis& a) {
  if (a.period == 1 && a.advance == 1) return by_taps<1, 1, kPlanar, T>(a.phase_taps);
  if (a.period == 2 && a.advance == 1) return by_taps<2, 1, kPlanar, T>(a.phase_taps);
  if (a.period == 1 && a.advance == 2) return by_taps<1, 2, kPlanar, T>(a.phase_taps);
  return by_taps<0, 0, kPlanar, T>(a.phase_taps);
}

template <class T>
void rows(const UpFirDnWork<T>& work, T* buffer, std::int64_t begin, std::int64_t end) {
  const UpFirDnWork<T> w = work;
  const UpFirDnAxis &h = w.horizontal, &v = w.vertical;
  const FilterRow<T> filter = w.step == 1 ? by_rates<true, T>(h) : by_rates<false, T>(h);
  // The part of the picture that the row buffer holds.
  const std::int64_t low = w.buffer_low > 0 ? w.buffer_low : 0, past = w.buffer_low + w.buffer_size;
  const std::int64_t length = ((past < h.in ? past : h.in) - low) * w.step;
  T* inside = buffer + (low - w.buffer_low) * w.step;
  constexpr int kMost = 64;
  const T* from[kMost];
  T weights[kMost];
  for (std::int64_t row = begin; row < end; ++row) {
    const std::int64_t plane = row / v.out, o = row % v.out, base = o * v.down - v.pad;
    const std::int64_t k0 = ((-base) % v.up + v.up) % v.up, first = (base + k0) / v.up;
    const T* x = w.x + (plane * v.in * h.in + low) * w.step;
    T* y = w.y + row * h.out * w.step;
    int count = 0;
    bool written = false;
    const auto flush = [&] {
      if (length > 0) combine_rows(from, weights, count, inside, length);
      filter(w, w.taps_x, buffer, y, written);
      written = true;
      count = 0;
    };
    for (std::int64_t k = k0, i = first; k < v.taps; k += v.up, ++i) {
      if (i < 0 || i >= v.in) continue;
      from[count] = x + i * h.in * w.step;
      if (w.separable) {
        weights[count++] = w.taps_y[k];
        if (count == kMost) flush();
      } else {
        weights[0] = T(1);
        if (length > 0) combine_rows(from, weights, 1, inside, length);
        filter(w, w.taps_xy + k * h.period * h.phase_taps, buffer, y, written);
        written = true;
      }
    }
    if (w.separable && count > 0) flush();
    if (!written) {
      for (std::int64_t k = 0; k < h.out * w.step; ++k) y[k] = T(0);
    }
  }
}

}  // namespace

const UpFirDnLoops& upfirdn2d_loops() {
  static const UpFirDnLoops table{{rows<float>}, {rows<double>}};
  return table;
}

}  // namespace orrery::kernels::ORRERY_ISA
