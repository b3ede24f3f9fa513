#include "engine/jobs/frames.h"

#include <cstdint>
#include <stdexcept>

namespace orrery::jobs {

std::string framed(std::string_view message) {
  if (message.size() > frame_limit_bytes) throw std::length_error("message above the frame limit");
  const auto count = static_cast<std::uint32_t>(message.size());
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(count >> shift & 0xff);
  return out.append(message);
}

void FrameReader::add(std::string_view bytes) {
  if (!broken_) pending_.append(bytes);
}

std::optional<std::string> FrameReader::next() {
  if (broken_ || pending_.size() < 4) return std::nullopt;
  std::size_t count = 0;
  for (int i = 0; i < 4; ++i) count = count << 8 | static_cast<unsigned char>(pending_[static_cast<std::size_t>(i)]);
  if (count > frame_limit_bytes) {
    broken_ = true;
    pending_.clear();
    return std::nullopt;
  }
  if (pending_.size() < 4 + count) return std::nullopt;
  std::string message = pending_.substr(4, count);
  pending_.erase(0, 4 + count);
  return message;
}

}  // namespace orrery::jobs
