// A 128-bit fingerprint to find equal files: fast, not meant against an attacker (whose gain would be one picture fewer).
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <string_view>

namespace orrery::data {

struct ContentHash {
  std::uint64_t low = 0, high = 0;
  bool operator==(const ContentHash&) const = default;
};

// Two independent lanes of multiply-and-fold (the mixing of wyhash), 16 bytes a step.
inline ContentHash content_hash(std::string_view bytes, std::uint64_t kind = 0) {
  const auto fold = [](std::uint64_t a, std::uint64_t b) {
    const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
  };
  std::uint64_t low = 0x9E3779B97F4A7C15u ^ bytes.size(), high = 0xD1B54A32D192ED03u ^ kind;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    std::uint64_t words[2] = {};
    std::memcpy(words, bytes.data() + at, bytes.size() - at < 16 ? bytes.size() - at : 16);
    low = fold(low ^ words[0] ^ 0xA0761D6478BD642Fu, words[1] ^ 0xE7037ED1A0B428DBu) + high;
    high = fold(high ^ words[1] ^ 0x8EBC6AF09C88C6E3u, words[0] ^ 0x589965CC75374CC3u) + 0x1D8E4E27C47D124Fu;
  }
  return {fold(low ^ high, 0xEB44ACCAB455D165u), fold(high, low ^ 0x2127599BF4325C37u)};
}

struct ContentHasher {
  std::size_t operator()(const ContentHash& hash) const { return static_cast<std::size_t>(hash.low); }
};

}  // namespace orrery::data
