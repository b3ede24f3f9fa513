#include "kernels/conv3x3/conv3x3_loops.h"

#include "kernels/cpu/simd.h"

namespace orrery::kernels::ORRERY_ISA {
namespace {

constexpr int kW = kWidth<float>;
constexpr int kRows = 6;                  // of a register block
constexpr int kVectors = kW == 16 ? 4 : 2;  // its columns, in vectors: 24 or 12 sums stay in registers
constexpr std::int64_t kPanel = kVectors * kW;

constexpr float kA = 0.7f, kB = 1.4f, kAA = 0.49f, kBB = 1.96f, kAAA = 0.343f, kBBB = 2.744f;
constexpr float kAABB = 0.9604f, kSum = 2.45f;

inline std::int64_t padded(std::int64_t channels) { return (channels + kW - 1) / kW * kW; }

template <class V>
inline void inputs_1d(const V d0, const V d1, const V d2, const V d3, const V d4, const V d5, V* v, int step) {
  const V even1 = d4 - kBB * d2, odd1 = kA * (d3 - kBB * d1), even2 = d4 - kAA * d2, odd2 = kB * (d3 - kAA * d1);
  v[0] = kAABB * d0 + (d4 - kSum * d2);
  v[step] = even1 + odd1;
  v[2 * step] = even1 - odd1;
  v[3 * step] = even2 + odd2;
  v[4 * step] = even2 - odd2;
  v[5 * step] = kAABB * d1 + (d5 - kSum * d3);
}

template <class V>
inline void outputs_1d(const V m0, const V m1, const V m2, const V m3, const V m4, const V m5, V* y, int step) {
  const V s1 = m1 + m2, t1 = m1 - m2, s2 = m3 + m4, t2 = m3 - m4;
  y[0] = m0 + (s1 + s2);
  y[step] = kA * t1 + kB * t2;
  y[2 * step] = kAA * s1 + kBB * s2;
  y[3 * step] = kAAA * t1 + (kBBB * t2 + m5);
}

// The transpose of outputs_1d.
template <class V>
inline void gradients_1d(const V y0, const V y1, const V y2, const V y3, V* v, int step) {
  const V even1 = y0 + kAA * y2, odd1 = kA * y1 + kAAA * y3, even2 = y0 + kBB * y2, odd2 = kB * y1 + kBBB * y3;
  v[0] = y0;
  v[step] = even1 + odd1;
  v[2 * step] = even1 - odd1;
  v[3 * step] = even2 + odd2;
  v[4 * step] = even2 - odd2;
  v[5 * step] = y3;
}

// G of the weights' transform, and G^T, in double precision: each product is rounded once.
struct Three { double g[6][3]; };
constexpr Three weights_matrix() {
  constexpr double a = 0.7, b = 1.4, aa = a * a, bb = b * b, d1 = 2 * aa * (aa - bb), d2 = 2 * bb * (bb - aa);
  return {{{1 / (aa * bb), 0, 0}, {1 / d1, a / d1, aa / d1}, {1 / d1, -a / d1, aa / d1}, {1 / d2, b / d2, bb / d2}, {1 / d2, -b / d2, bb / d2}, {0, 0, 1}}};
}
constexpr Three kG = weights_matrix();

void pack(const float* w, std::int64_t out, std::int64_t in, std::int64_t stride_out, std::int64_t stride_in, bool turned, float* to, std::int64_t from_in, std::int64_t to_in) {
  typedef Vector<float, kW> V;
  const std::int64_t place = in * padded(out);
  for (std::int64_t first = 0; first < padded(out); first += kW) {
    const std::int64_t panel = first / kPanel * kPanel, panel_width = padded(out) - panel < kPanel ? padded(out) - panel : kPanel;
    for (std::int64_t i = from_in; i < to_in; ++i) {
      V k[9] = {};
      for (int lane = 0; lane < kW && first + lane < out; ++lane) {
        const float* from = w + (first + lane) * stride_out + i * stride_in;
        for (int t = 0; t < 9; ++t) k[t][lane] = from[turned ? 8 - t : t];
      }
      V columns[6][3];
      for (int p = 0; p < 6; ++p) {
        for (int x = 0; x < 3; ++x) columns[p][x] = static_cast<float>(kG.g[p][0]) * k[x] + static_cast<float>(kG.g[p][1]) * k[3 + x] + static_cast<float>(kG.g[p][2]) * k[6 + x];
      }
      float* at = to + panel * in + i * panel_width + (first - panel);
      for (int p = 0; p < 6; ++p) {
        for (int q = 0; q < 6; ++q) {
          const V u = static_cast<float>(kG.g[q][0]) * columns[p][0] + static_cast<float>(kG.g[q][1]) * columns[p][1] + static_cast<float>(kG.g[q][2]) * columns[p][2];
          store<kW>(at + (p * 6 + q) * place, u);
        }
      }
    }
  }
}

void pack_plain(const float* w, std::int64_t out, std::int64_t in, std::int64_t stride_out, std::int64_t stride_in, float* to, std::int64_t from_in, std::int64_t to_in) {
  const std::int64_t place = in * padded(out);
  for (std::int64_t first = 0; first < padded(out); first += kW) {
    const std::int64_t panel = first / kPanel * kPanel, panel_width = padded(out) - panel < kPanel ? padded(out) - panel : kPanel;
    for (std::int64_t i = from_in; i < to_in; ++i) {
      Vector<float, kW> k[9] = {};
      for (int lane = 0; lane < kW && first + lane < out; ++lane) {
        for (int t = 0; t < 9; ++t) k[t][lane] = w[(first + lane) * stride_out + i * stride_in + t];
      }
      for (int t = 0; t < 9; ++t) store<kW>(to + t * place + panel * in + i * panel_width + (first - panel), k[t]);
    }
  }
}

// c [kMany, kColumns vectors] = a [kMany, depth] b [depth, kColumns vectors]
template <int kMany, int kColumns>
inline void block(const float* a, std::int64_t stride_a, const float* b, std::int64_t depth, float* c, std::int64_t stride_c) {
  Vector<float> sum[kMany][kColumns] = {};
  for (std::int64_t k = 0; k < depth; ++k) {
    Vector<float> right[kColumns];
    for (int j = 0; j < kColumns; ++j) right[j] = load<kW>(b + (k * kColumns + j) * kW);
    for (int i = 0; i < kMany; ++i) {
      const float left = a[i * stride_a + k];
      for (int j = 0; j < kColumns; ++j) sum[i][j] += left * right[j];
    }
  }
  for (int i = 0; i < kMany; ++i) {
    for (int j = 0; j < kColumns; ++j) store<kW>(c + i * stride_c + j * kW, sum[i][j]);
  }
}

template <int kColumns>
void panel_product(const float* a, std::int64_t count, std::int64_t depth, const float* b, float* c, std::int64_t stride_c) {
  std::int64_t i = 0;
  for (; i + kRows <= count; i += kRows) block<kRows, kColumns>(a + i * depth, depth, b, depth, c + i * stride_c, stride_c);
  a += i * depth, c += i * stride_c;
  switch (count - i) {
    case 5: return block<5, kColumns>(a, depth, b, depth, c, stride_c);
    case 4: return block<4, kColumns>(a, depth, b, depth, c, stride_c);
    case 3: return block<3, kColumns>(a, depth, b, depth, c, stride_c);
    case 2: return block<2, kColumns>(a, depth, b, depth, c, stride_c);
    case 1: return block<1, kColumns>(a, depth, b, depth, c, stride_c);
    default: return;
  }
}

// c [count, padded out] = a [count, in] times one place's packed weights.
void product(const float* a, std::int64_t count, std::int64_t in, const float* b, std::int64_t out, float* c, std::int64_t first, std::int64_t past) {
  for (std::int64_t panel = first; panel < past; panel += kPanel) {
    const std::int64_t vectors = (out - panel < kPanel ? out - panel : kPanel) / kW;
    const float* from = b + panel * in;
    if constexpr (kVectors == 4) {
      if (vectors == 4) panel_product<4>(a, count, in, from, c + panel, out);
      if (vectors == 3) panel_product<3>(a, count, in, from, c + panel, out);
    }
    if (vectors == 2) panel_product<2>(a, count, in, from, c + panel, out);
    if (vectors == 1) panel_product<1>(a, count, in, from, c + panel, out);
  }
}

struct Tile {
  std::int64_t sample, row, column;  // row, column: of its first pixel
};
inline Tile tile_at(const Conv3x3Side& s, std::int64_t index) {
  const std::int64_t columns = (s.columns + 3) / 4, rows = (s.rows + 3) / 4;
  return {index / (columns * rows), index / columns % rows * 4, index % columns * 4};
}

// Offset of a pixel's channels of a group.
inline std::int64_t pixel(const Conv3x3Side& s, std::int64_t sample, std::int64_t row, std::int64_t column, std::int64_t group) {
  if (s.groups == 1) return ((sample * s.rows + row) * s.columns + column) * s.channels;
  return ((sample * 2 * s.rows + 2 * row + group / 2) * 2 * s.columns + 2 * column + group % 2) * (s.channels / 4);
}

// One tile's 36 transformed inputs, of each channel.
void transform_inputs(const float* x, const Conv3x3Side& s, const float* scale, const float* zeros, std::int64_t index, float* to, std::int64_t place) {
  const Tile t = tile_at(s, index);
  const std::int64_t channels = s.channels / s.groups;
  if (scale != nullptr) scale += t.sample * channels;
  for (std::int64_t group = 0; group < s.groups; ++group) {
    const float* from[36];
    for (int r = 0; r < 6; ++r) {
      for (int c = 0; c < 6; ++c) {
        const std::int64_t row = t.row + r - 1, column = t.column + c - 1;
        const bool inside = row >= 0 && row < s.rows && column >= 0 && column < s.columns;
        from[r * 6 + c] = inside ? x + pixel(s, t.sample, row, column, group) : zeros;
      }
    }
    float* out = to + group * channels;
    for_vectors<float>(channels, [&](std::int64_t c, auto width) {
      typedef Vector<float, width> V;
      V half[36], whole[36];
      for (int k = 0; k < 6; ++k) {
        inputs_1d<V>(load<width>(from[k] + c), load<width>(from[6 + k] + c), load<width>(from[12 + k] + c), load<width>(from[18 + k] + c), load<width>(from[24 + k] + c), load<width>(from[30 + k] + c), half + k, 6);
      }
      for (int k = 0; k < 6; ++k) inputs_1d<V>(half[6 * k], half[6 * k + 1], half[6 * k + 2], half[6 * k + 3], half[6 * k + 4], half[6 * k + 5], whole + 6 * k, 1);
      if (scale != nullptr) {
        const V factor = load<width>(scale + c);
        for (int k = 0; k < 36; ++k) store<width>(out + k * place + c, V(whole[k] * factor));
      } else {
        for (int k = 0; k < 36; ++k) store<width>(out + k * place + c, whole[k]);
      }
    });
  }
}

void transform_gradients(const float* x, const Conv3x3Side& s, const float* zeros, std::int64_t index, float* to, std::int64_t place) {
  const Tile t = tile_at(s, index);
  const std::int64_t channels = s.channels / s.groups;
  for (std::int64_t group = 0; group < s.groups; ++group) {
    const float* from[16];
    for (int r = 0; r < 4; ++r) {
      for (int c = 0; c < 4; ++c) {
        const bool inside = t.row + r < s.rows && t.column + c < s.columns;
        from[r * 4 + c] = inside ? x + pixel(s, t.sample, t.row + r, t.column + c, group) : zeros;
      }
    }
    float* out = to + group * channels;
    for_vectors<float>(channels, [&](std::int64_t c, auto width) {
      typedef Vector<float, width> V;
      V half[24], whole[36];
      for (int k = 0; k < 4; ++k) gradients_1d<V>(load<width>(from[k] + c), load<width>(from[4 + k] + c), load<width>(from[8 + k] + c), load<width>(from[12 + k] + c), half + k, 4);
      for (int k = 0; k < 6; ++k) gradients_1d<V>(half[4 * k], half[4 * k + 1], half[4 * k + 2], half[4 * k + 3], whole + 6 * k, 1);
      for (int k = 0; k < 36; ++k) store<width>(out + k * place + c, whole[k]);
    });
  }
}

// One tile's 16 outputs from its 36 products [padded out].
void transform_outputs(const Conv3x3Work& w, std::int64_t index, const float* from, std::int64_t place) {
  const Conv3x3Side& s = w.out;
  const Tile t = tile_at(s, index);
  const std::int64_t channels = s.channels / s.groups;
  const int rows = s.rows - t.row < 4 ? static_cast<int>(s.rows - t.row) : 4, columns = s.columns - t.column < 4 ? static_cast<int>(s.columns - t.column) : 4;
  const Conv3x3Epilogue e = w.epilogue;
  const float* scale = e.scale != nullptr ? e.scale + t.sample * channels : nullptr;
  for (std::int64_t group = 0; group < s.groups; ++group) {
    float* to[16];
    float noise[16];
    for (int r = 0; r < rows; ++r) {
      for (int c = 0; c < columns; ++c) {
        const std::int64_t offset = pixel(s, t.sample, t.row + r, t.column + c, group);
        to[r * 4 + c] = w.y + offset;
        noise[r * 4 + c] = e.noise != nullptr ? e.noise[t.sample * e.noise_stride + (offset - pixel(s, t.sample, 0, 0, 0)) / channels] : 0.0f;
      }
    }
    const float* in = from + group * channels;
    for_vectors<float>(channels, [&](std::int64_t c, auto width) {
      typedef Vector<float, width> V;
      V half[24], whole[16];
      for (int k = 0; k < 6; ++k) {
        const float* m = in + k * place + c;
        outputs_1d<V>(load<width>(m), load<width>(m + 6 * place), load<width>(m + 12 * place), load<width>(m + 18 * place), load<width>(m + 24 * place), load<width>(m + 30 * place), half + k, 6);
      }
      for (int k = 0; k < 4; ++k) outputs_1d<V>(half[6 * k], half[6 * k + 1], half[6 * k + 2], half[6 * k + 3], half[6 * k + 4], half[6 * k + 5], whole + 4 * k, 1);
      if (e.act || scale != nullptr || e.bias != nullptr || e.noise != nullptr) {
        V factor = V{} + 1.0f, bias = {};
        if (scale != nullptr) factor = load<width>(scale + c);
        if (e.bias != nullptr) bias = load<width>(e.bias + c);
        for (int k = 0; k < 16; ++k) {
          V v = whole[k] * factor + (bias + noise[k]);
          if (e.act) {
            v = (v > 0.0f ? v : v * e.slope) * e.gain;
            v = v > e.clamp ? V{} + e.clamp : v;
            v = v < -e.clamp ? V{} - e.clamp : v;
          }
          whole[k] = v;
        }
      }
      if (rows == 4 && columns == 4) {
        for (int k = 0; k < 16; ++k) store<width>(to[k] + c, whole[k]);
      } else {
        for (int r = 0; r < rows; ++r) {
          for (int k = 0; k < columns; ++k) store<width>(to[r * 4 + k] + c, whole[r * 4 + k]);
        }
      }
    });
  }
}

void tiles(const Conv3x3Work& work, float* scratch, std::int64_t begin, std::int64_t end) {
  const Conv3x3Work w = work;
  const std::int64_t count = end - begin, in = w.in.channels, out = padded(w.out.channels);
  float *v = scratch, *m = scratch + kConv3x3Places * count * in;
  for (std::int64_t k = 0; k < count; ++k) transform_inputs(w.x, w.in, w.in_scale, w.zeros, begin + k, v + k * in, count * in);
  for (int place = 0; place < kConv3x3Places; ++place) product(v + place * count * in, count, in, w.packed + place * in * out, out, m + place * count * out, 0, out);
  for (std::int64_t k = 0; k < count; ++k) transform_outputs(w, begin + k, m + k * out, count * out);
}

void transform(const float* x, const Conv3x3Side& side, bool inputs, const float* zeros, std::int64_t begin, std::int64_t end, float* to, std::int64_t place_stride) {
  const Conv3x3Side s = side;
  for (std::int64_t k = begin; k < end; ++k, to += s.channels) {
    if (inputs) transform_inputs(x, s, nullptr, zeros, k, to, place_stride);
    else transform_gradients(x, s, zeros, k, to, place_stride);
  }
}

// c [kMany, kColumns vectors of kN] += a [count, kMany]^T b [count, ...]
template <int kMany, int kColumns, int kN>
inline void outer_block(const float* a, std::int64_t stride_a, const float* b, std::int64_t stride_b, std::int64_t count, float* c, std::int64_t stride_c) {
  typedef Vector<float, kN> V;
  V sum[kMany][kColumns];
  for (int i = 0; i < kMany; ++i) {
    for (int j = 0; j < kColumns; ++j) sum[i][j] = load<kN>(c + i * stride_c + j * kN);
  }
  for (std::int64_t k = 0; k < count; ++k) {
    V right[kColumns];
    for (int j = 0; j < kColumns; ++j) right[j] = load<kN>(b + k * stride_b + j * kN);
    for (int i = 0; i < kMany; ++i) {
      const float left = a[k * stride_a + i];
      for (int j = 0; j < kColumns; ++j) sum[i][j] += left * right[j];
    }
  }
  for (int i = 0; i < kMany; ++i) {
    for (int j = 0; j < kColumns; ++j) store<kN>(c + i * stride_c + j * kN, sum[i][j]);
  }
}

template <int kColumns, int kN>
void outer_rows(const float* v, std::int64_t in, const float* z, std::int64_t out, std::int64_t count, float* sum) {
  std::int64_t i = 0;
  for (; i + kRows <= in; i += kRows) outer_block<kRows, kColumns, kN>(v + i, in, z, out, count, sum + i * out, out);
  for (; i < in; ++i) outer_block<1, kColumns, kN>(v + i, in, z, out, count, sum + i * out, out);
}

void accumulate(const float* v, const float* z, std::int64_t count, std::int64_t in, std::int64_t out, float* sum) {
  std::int64_t o = 0;
  for (; o + kPanel <= out; o += kPanel) outer_rows<kVectors, kW>(v, in, z + o, out, count, sum + o);
  for (; o + kW <= out; o += kW) outer_rows<1, kW>(v, in, z + o, out, count, sum + o);
  for (; o < out; ++o) outer_rows<1, 1>(v, in, z + o, out, count, sum + o);
}

void finish(const float* sums, std::int64_t in, std::int64_t out, std::int64_t from, std::int64_t to, float* w) {
  for (std::int64_t i = from; i < to; ++i) {
    for_vectors<float>(out, [&](std::int64_t o, auto width) {
      typedef Vector<float, width> V;
      V rows[3][6] = {};
      for (int p = 0; p < 6; ++p) {
        for (int q = 0; q < 6; ++q) {
          const V s = load<width>(sums + ((p * 6 + q) * in + i) * out + o);
          for (int t = 0; t < 3; ++t) rows[t][q] += static_cast<float>(kG.g[p][t]) * s;
        }
      }
      for (int t = 0; t < 3; ++t) {
        for (int u = 0; u < 3; ++u) {
          V s = {};
          for (int q = 0; q < 6; ++q) s += static_cast<float>(kG.g[q][u]) * rows[t][q];
          for (int lane = 0; lane < width; ++lane) w[((o + lane) * in + i) * 9 + t * 3 + u] = s[lane];
        }
      }
    });
  }
}

}  // namespace

const Conv3x3Loops& conv3x3_loops() {
  static const Conv3x3Loops table{kW, pack, pack_plain, product, kPanel, tiles, transform, accumulate, finish};
  return table;
}

}  // namespace orrery::kernels::ORRERY_ISA
