// SHA-256 (FIPS 180-4): names weights, data sets and downloads by their content.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace orrery::io {

class Sha256 {
 public:
  void add(const void* bytes, std::size_t count);
  void add(std::string_view bytes) { add(bytes.data(), bytes.size()); }
  // 64 lower-case hexadecimal digits of everything added. The object is used up.
  std::string hex();

 private:
  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> pending_{};
  std::uint64_t count_ = 0;  // bytes so far
};

std::string sha256_hex(std::string_view bytes);
// Of a file's content. Throws Error(bad_input).
std::string sha256_of_file(const std::string& path);

}  // namespace orrery::io
