// GIF89a, as far as comments and a proper end need it (CompuServe 1990, sections 17 to 27).
#include <cstdint>
#include <string_view>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"
#include "engine/media/film_container.h"

namespace orrery::media {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 31;
constexpr std::size_t kMostComment = std::size_t{16} << 20;

[[noreturn]] void refuse(const std::string& path, const std::string& why) {
  throw Error(ErrorCode::bad_input, path + " is not a GIF that can be read: " + why + ".", "Nothing was changed.", "Choose another file.");
}

// Walks the blocks of a GIF that may break off anywhere.
class Blocks {
 public:
  explicit Blocks(std::string_view bytes) : bytes_(bytes) {}

  bool header() {
    if (bytes_.size() < 13 || (bytes_.substr(0, 6) != "GIF89a" && bytes_.substr(0, 6) != "GIF87a")) return false;
    at_ = 13 + colours(byte(10));
    return at_ <= bytes_.size();
  }
  std::size_t at() const { return at_; }

  enum class What { comment, other, end, broken };
  // Passes over one block; a comment's text goes into `text`.
  What next(std::string* text) {
    if (at_ >= bytes_.size()) return What::broken;
    const std::uint8_t kind = byte(at_);
    if (kind == 0x3B) return What::end;
    if (kind == 0x21 && at_ + 1 < bytes_.size()) {
      const bool comment = byte(at_ + 1) == 0xFE;
      at_ += 2;
      if (!sub_blocks(comment ? text : nullptr)) return What::broken;
      return comment ? What::comment : What::other;
    }
    if (kind == 0x2C && at_ + 10 <= bytes_.size()) {
      at_ += 10 + colours(byte(at_ + 9)) + 1;  // descriptor, local colours, LZW code size
      return sub_blocks(nullptr) ? What::other : What::broken;
    }
    return What::broken;
  }

 private:
  std::uint8_t byte(std::size_t at) const { return static_cast<std::uint8_t>(bytes_[at]); }
  static std::size_t colours(std::uint8_t flags) { return flags & 0x80 ? std::size_t{3} << ((flags & 7) + 1) : 0; }

  bool sub_blocks(std::string* text) {
    while (at_ < bytes_.size()) {
      const std::size_t size = byte(at_++);
      if (size == 0) return true;
      if (at_ + size > bytes_.size()) return false;
      if (text && text->size() < kMostComment) text->append(bytes_.substr(at_, size));
      at_ += size;
    }
    return false;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
};

std::string comment_block(const std::string& text) {
  std::string out = "\x21\xFE";
  for (std::size_t at = 0; at < text.size(); at += 255) {
    const std::size_t size = std::min<std::size_t>(255, text.size() - at);
    out.push_back(static_cast<char>(size));
    out.append(text, at, size);
  }
  out.push_back('\0');
  return out;
}

}  // namespace

void finish_gif(const std::string& part, const std::string& out, const std::string& comment) {
  const std::string bytes = io::read_file(part, kMostBytes);
  Blocks blocks(bytes);
  if (!blocks.header()) refuse(part, "its header is cut off");
  const std::size_t head = blocks.at();
  std::size_t whole = head;  // up to the last complete block
  while (blocks.next(nullptr) == Blocks::What::other) whole = blocks.at();
  if (whole == head) refuse(part, "it holds no complete frame");
  io::AtomicFile file(out, whole + comment.size() + 1024);
  file.write(std::string_view(bytes).substr(0, head));
  if (!comment.empty()) file.write(comment_block(comment));
  file.write(std::string_view(bytes).substr(head, whole - head));
  file.write("\x3B");
  file.commit();
}

std::string gif_comment(const std::string& path) {
  const std::string bytes = io::read_file(path, kMostBytes);
  Blocks blocks(bytes);
  if (!blocks.header()) refuse(path, "its header is not one");
  for (;;) {
    std::string text;
    switch (blocks.next(&text)) {
      case Blocks::What::comment: return text;
      case Blocks::What::other: break;
      case Blocks::What::end: return {};
      case Blocks::What::broken: refuse(path, "it breaks off");
    }
  }
}

}  // namespace orrery::media
