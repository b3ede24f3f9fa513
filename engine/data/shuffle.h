// The order of pictures, as a pure function of (seed, epoch): nothing to save, nothing to restore.
#pragma once

#include <cstdint>
#include <vector>

namespace orrery::data {

// SplitMix64 (Steele, Lea & Flood 2014): the `counter`-th number of the stream `key`, all 64 bits good.
inline std::uint64_t mix64(std::uint64_t key, std::uint64_t counter) {
  std::uint64_t z = key + (counter + 1) * 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

// A whole number in [0, bound), by multiplication (the bias, bound / 2^64, cannot be seen).
inline std::uint64_t below(std::uint64_t random, std::uint64_t bound) { return static_cast<std::uint64_t>((static_cast<unsigned __int128>(random) * bound) >> 64); }

// All of 0..count-1 in the order of this epoch (Fisher & Yates).
inline std::vector<std::uint32_t> epoch_order(std::uint64_t seed, std::uint64_t epoch, std::uint32_t count) {
  std::vector<std::uint32_t> order(count);
  for (std::uint32_t i = 0; i < count; ++i) order[i] = i;
  const std::uint64_t key = mix64(mix64(seed, 0x6F72646572), epoch);  // "order"
  for (std::uint32_t i = count; i > 1; --i) std::swap(order[i - 1], order[below(mix64(key, i), i)]);
  return order;
}

}  // namespace orrery::data
