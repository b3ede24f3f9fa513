#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "kernels/upfirdn2d/upfirdn2d_loops.h"
#include "kernels/upfirdn2d/upfirdn2d_op.h"

namespace orrery::kernels {
namespace {

// The filter as correlation taps. A 2-D filter of rank 1 becomes two 1-D ones.
template <class T>
struct Taps {
  bool separable = true;
  std::vector<T> x{T(1)}, y{T(1)};  // separable
  std::vector<T> xy;                // [fh, fw] otherwise
};

template <class T>
bool split_rank_one(const std::vector<double>& f, std::int64_t height, std::int64_t width, Taps<T>& taps) {
  const auto peak = std::max_element(f.begin(), f.end(), [](double a, double b) { return std::abs(a) < std::abs(b); }) - f.begin();
  const double most = f[peak];
  if (most == 0.0 || !std::isfinite(most)) return false;
  const double allowed = std::abs(most) * std::numeric_limits<T>::epsilon();
  std::vector<double> column(height), row(width);
  for (std::int64_t i = 0; i < height; ++i) column[i] = f[i * width + peak % width] / most;
  for (std::int64_t j = 0; j < width; ++j) row[j] = f[peak / width * width + j];
  for (std::int64_t i = 0; i < height; ++i) {
    for (std::int64_t j = 0; j < width; ++j) {
      if (!(std::abs(f[i * width + j] - column[i] * row[j]) <= allowed)) return false;
    }
  }
  taps.x.assign(row.begin(), row.end());
  taps.y.assign(column.begin(), column.end());
  return true;
}

template <class T>
Taps<T> read_taps(const at::Tensor& filter, bool flip, double gain) {
  Taps<T> taps;
  if (filter.defined()) {
    const at::Tensor wide = filter.detach().to(at::kDouble).contiguous();
    std::vector<double> f(wide.const_data_ptr<double>(), wide.const_data_ptr<double>() + wide.numel());
    if (!flip) std::reverse(f.begin(), f.end());
    if (filter.dim() == 1) {
      taps.x.assign(f.begin(), f.end());
      taps.y = taps.x;
    } else if (!split_rank_one(f, filter.size(0), filter.size(1), taps)) {
      taps.separable = false;
      taps.xy.assign(f.begin(), f.end());
    }
  }
  for (T& tap : taps.separable ? taps.y : taps.xy) tap *= static_cast<T>(gain);
  return taps;
}

UpFirDnAxis axis(std::int64_t in, std::int64_t out, std::int64_t up, std::int64_t down, std::int64_t pad, std::int64_t taps) {
  const std::int64_t common = std::gcd(up, down);
  return {in, out, up, down, pad, taps, up / common, down / common, (taps + up - 1) / up};
}

// Splits rows of taps into phases: to[r][t] = f[k0(r) + t * up].
template <class T>
void append_phases(const UpFirDnAxis& a, const T* f, std::vector<T>& to) {
  for (std::int64_t r = 0; r < a.period; ++r) {
    const std::int64_t k0 = (((a.pad - r * a.down) % a.up) + a.up) % a.up;
    for (std::int64_t t = 0; t < a.phase_taps; ++t) to.push_back(k0 + t * a.up < a.taps ? f[k0 + t * a.up] : T(0));
  }
}

std::vector<UpFirDnRow> rows_of(const UpFirDnAxis& v) {
  std::vector<UpFirDnRow> rows(v.out);
  for (std::int64_t o = 0; o < v.out; ++o) {
    const std::int64_t base = o * v.down - v.pad, k0 = ((-base) % v.up + v.up) % v.up, first = (base + k0) / v.up;
    const std::int64_t skipped = std::max<std::int64_t>(0, -first);  // inputs above the picture
    const std::int64_t count = k0 < v.taps ? (v.taps - k0 + v.up - 1) / v.up : 0;
    rows[o] = {first + skipped, k0 + skipped * v.up, static_cast<int>(std::max<std::int64_t>(0, std::min(first + count, v.in) - first - skipped))};
    if (rows[o].count == 0) rows[o].first = 0;
  }
  return rows;
}

template <class T>
void run(const at::Tensor& x, const Taps<T>& taps, const UpFirDn& o, std::int64_t fw, std::int64_t fh, bool channels_last, const at::Tensor& y) {
  UpFirDnWork<T> w;
  w.x = x.const_data_ptr<T>();
  w.y = y.mutable_data_ptr<T>();
  w.horizontal = axis(x.size(3), y.size(3), o.up_x, o.down_x, o.padding[0], fw);
  w.vertical = axis(x.size(2), y.size(2), o.up_y, o.down_y, o.padding[2], fh);
  w.step = channels_last ? x.size(1) : 1;
  w.separable = taps.separable;
  const std::vector<UpFirDnRow> vertical_rows = rows_of(w.vertical);
  w.rows = vertical_rows.data();
  const std::int64_t planes = channels_last ? x.size(0) : x.size(0) * x.size(1);

  const UpFirDnAxis& h = w.horizontal;
  std::vector<T> phases;
  for (std::int64_t row = 0; row < (taps.separable ? 1 : fh); ++row) append_phases(h, taps.separable ? taps.x.data() : taps.xy.data() + row * fw, phases);
  w.taps_x = w.taps_xy = phases.data();
  w.taps_y = taps.y.data();
  std::vector<std::int64_t> first(h.period);
  std::int64_t low = std::numeric_limits<std::int64_t>::max(), past = std::numeric_limits<std::int64_t>::min();
  for (std::int64_t r = 0; r < h.period; ++r) {
    const std::int64_t base = r * h.down - h.pad, k0 = ((-base) % h.up + h.up) % h.up;
    first[r] = (base + k0) / h.up;
    const std::int64_t uses = (h.out - r + h.period - 1) / h.period;  // outputs of this phase
    if (uses < 1) continue;
    low = std::min(low, first[r]);
    past = std::max(past, first[r] + (uses - 1) * h.advance + h.phase_taps);
  }
  for (auto& f : first) f -= low;
  w.first_x = first.data();
  w.buffer_low = low;
  w.buffer_size = past - low;
  w.buffers = std::clamp<std::int64_t>(2048 / (w.buffer_size * w.step), 1, 16);

  const std::int64_t rows = planes * y.size(2), grain = std::max<std::int64_t>(1, 32768 / (y.size(3) * w.step));
  at::parallel_for(0, rows, grain, [&](std::int64_t begin, std::int64_t end) {
    std::vector<T> buffer(w.buffers * w.buffer_size * w.step + 1, T(0));
    if constexpr (std::is_same_v<T, float>) {
      upfirdn2d_loops().f32.rows(w, buffer.data(), begin, end);
    } else {
      upfirdn2d_loops().f64.rows(w, buffer.data(), begin, end);
    }
  });
}

at::Tensor upfirdn2d_cpu(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& o) {
  const auto [fw, fh] = filter_size(filter);
  const std::int64_t out_h = upfirdn_size(x.size(2), fh, o.up_y, o.down_y, o.padding[2], o.padding[3]);
  const std::int64_t out_w = upfirdn_size(x.size(3), fw, o.up_x, o.down_x, o.padding[0], o.padding[1]);
  // Few channels fill no vector: a channels-last picture is filtered, and returned, plane by plane.
  const bool channels_last = !x.is_contiguous() && x.is_contiguous(at::MemoryFormat::ChannelsLast) && x.size(1) > 4;
  const auto format = channels_last ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  const at::Tensor from = x.contiguous(format);
  at::Tensor y = at::empty({x.size(0), x.size(1), out_h, out_w}, x.options().memory_format(format));
  if (y.numel() == 0) return y;
  if (x.numel() == 0) return y.zero_();
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "upfirdn2d", [&] {
    run<scalar_t>(from, read_taps<scalar_t>(filter, o.flip_filter, o.gain), o, fw, fh, channels_last, y);
  });
  return y;
}

}  // namespace

Op<UpFirDnFunction> upfirdn2d_op{"upfirdn2d", upfirdn2d_cpu};

}  // namespace orrery::kernels
