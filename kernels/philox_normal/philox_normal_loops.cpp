#include "kernels/philox_normal/philox_normal_loops.h"

#include <cstring>

#include "kernels/philox_normal/philox_core.h"

namespace orrery::kernels::ORRERY_ISA {
namespace {

constexpr int kBlocks = 16;  // side by side, so that the rounds and Box-Muller become vector code

struct Words {
  std::uint32_t w[4][kBlocks];
};

inline void many_blocks(std::uint64_t key, std::uint64_t stream, std::uint64_t block, Words& out) {
  for (int j = 0; j < kBlocks; ++j) {
    std::uint32_t c[4];
    philox::block_of(key, block + static_cast<std::uint64_t>(j), stream, c);
    out.w[0][j] = c[0], out.w[1][j] = c[1], out.w[2][j] = c[2], out.w[3][j] = c[3];
  }
}

// Calls make(words, values) for groups of blocks and copies what belongs to the row.
template <class T, int kPerBlock, class Make>
inline void fill(std::uint64_t key, std::uint64_t stream, std::uint64_t block, T* out, std::int64_t count, const Make& make) {
  constexpr std::int64_t kGroup = kBlocks * kPerBlock;
  Words words;
  T values[kGroup];
  for (std::int64_t at = 0; at < count; at += kGroup, block += kBlocks) {
    many_blocks(key, stream, block, words);
    T* to = count - at >= kGroup ? out + at : values;
    make(words, to);
    if (to == values) std::memcpy(out + at, values, static_cast<std::size_t>(count - at) * sizeof(T));
  }
}

void bits(std::uint64_t key, std::uint64_t stream, std::uint64_t block, std::int32_t* out, std::int64_t count) {
  fill<std::int32_t, 4>(key, stream, block, out, count, [](const Words& words, std::int32_t* to) {
    for (int j = 0; j < kBlocks; ++j) {
      for (int i = 0; i < 4; ++i) to[4 * j + i] = static_cast<std::int32_t>(words.w[i][j]);
    }
  });
}

void uniform_f32(std::uint64_t key, std::uint64_t stream, std::uint64_t block, float* out, std::int64_t count) {
  fill<float, 4>(key, stream, block, out, count, [](const Words& words, float* to) {
    for (int j = 0; j < kBlocks; ++j) {
      for (int i = 0; i < 4; ++i) to[4 * j + i] = philox::uniform_of(words.w[i][j]);
    }
  });
}

void uniform_f64(std::uint64_t key, std::uint64_t stream, std::uint64_t block, double* out, std::int64_t count) {
  fill<double, 2>(key, stream, block, out, count, [](const Words& words, double* to) {
    for (int j = 0; j < kBlocks; ++j) {
      for (int i = 0; i < 2; ++i) to[2 * j + i] = philox::uniform_of(words.w[2 * i][j], words.w[2 * i + 1][j]);
    }
  });
}

void normal_f32(std::uint64_t key, std::uint64_t stream, std::uint64_t block, float* out, std::int64_t count) {
  fill<float, 4>(key, stream, block, out, count, [](const Words& words, float* to) {
    float n[4][kBlocks];
    for (int i = 0; i < 4; i += 2) {
      for (int j = 0; j < kBlocks; ++j) philox::normal_pair(words.w[i][j], words.w[i + 1][j], n[i][j], n[i + 1][j]);
    }
    for (int j = 0; j < kBlocks; ++j) {
      for (int i = 0; i < 4; ++i) to[4 * j + i] = n[i][j];
    }
  });
}

void normal_f64(std::uint64_t key, std::uint64_t stream, std::uint64_t block, double* out, std::int64_t count) {
  fill<double, 2>(key, stream, block, out, count, [](const Words& words, double* to) {
    for (int j = 0; j < kBlocks; ++j) {
      const std::uint32_t w[4] = {words.w[0][j], words.w[1][j], words.w[2][j], words.w[3][j]};
      philox::normal_pair(w, to[2 * j], to[2 * j + 1]);
    }
  });
}

}  // namespace

const PhiloxLoops& philox_loops() {
  static const PhiloxLoops table{bits, uniform_f32, normal_f32, uniform_f64, normal_f64};
  return table;
}

}  // namespace orrery::kernels::ORRERY_ISA
