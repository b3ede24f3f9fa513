// Length-prefixed messages of the control socket: u32 big-endian byte count, then that many bytes of UTF-8 JSON.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace orrery::jobs {

inline constexpr std::size_t frame_limit_bytes = std::size_t{1} << 20;

// Throws std::length_error above the limit.
std::string framed(std::string_view message);

// Cuts a stream of bytes into messages. A length above the limit is garbage: the reader is then broken for good.
class FrameReader {
 public:
  void add(std::string_view bytes);
  std::optional<std::string> next();
  bool broken() const { return broken_; }

 private:
  std::string pending_;
  bool broken_ = false;
};

}  // namespace orrery::jobs
