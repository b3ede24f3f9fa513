#include "engine/media/qt_resource.h"

#include <cstdint>

#include "engine/api/result.h"

namespace orrery::media {
namespace {

constexpr std::uint32_t most_nodes = 100'000;
constexpr int most_levels = 32;

enum NodeFlag : std::uint32_t { compressed_zlib = 1, directory = 2, compressed_zstd = 4 };

class Reader {
 public:
  explicit Reader(std::string_view rcc) : rcc_(rcc) {
    if (!rcc.starts_with("qres")) refuse();
    const std::uint32_t version = number(4, 4);
    if (version < 1 || version > 3) refuse();
    tree_ = number(8, 4);
    payloads_ = number(12, 4);
    names_ = number(16, 4);
    node_bytes_ = version >= 2 ? 22 : 14;  // with the time of the last change
  }

  std::vector<ResourceFile> files() {
    walk(0, "", 0);
    return std::move(out_);
  }

 private:
  std::string_view rcc_;
  std::uint64_t tree_ = 0, payloads_ = 0, names_ = 0, node_bytes_ = 0;
  std::uint32_t nodes_ = 0;
  std::vector<ResourceFile> out_;

  [[noreturn]] static void refuse() { throw Error(ErrorCode::bad_input, "The Qt resource file is damaged."); }

  // Big-endian.
  std::uint32_t number(std::uint64_t at, int count) const {
    if (at + static_cast<std::uint64_t>(count) > rcc_.size()) refuse();
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i) value = value << 8 | static_cast<std::uint8_t>(rcc_[at + static_cast<std::uint64_t>(i)]);
    return value;
  }

  // Length, hash, UTF-16.
  std::string name(std::uint64_t at) const {
    std::string out;
    const std::uint32_t length = number(at, 2);
    for (std::uint32_t i = 0; i < length; ++i) {
      const std::uint32_t c = number(at + 6 + 2 * i, 2);
      out += c >= 0x20 && c < 0x7F ? static_cast<char>(c) : '?';
    }
    return out;
  }

  void walk(std::uint32_t node, const std::string& folder, int level) {
    if (++nodes_ > most_nodes || level > most_levels) refuse();
    const std::uint64_t at = tree_ + node * node_bytes_;
    const std::uint32_t flags = number(at + 4, 2);
    const std::string own = node == 0 ? "" : name(names_ + number(at, 4));
    const std::string path = folder.empty() ? own : folder + "/" + own;
    if (flags & directory) {
      const std::uint32_t count = number(at + 6, 4), first = number(at + 10, 4);
      for (std::uint32_t i = 0; i < count; ++i) walk(first + i, path, level + 1);
    } else if (!(flags & (compressed_zlib | compressed_zstd))) {
      const std::uint64_t payload = payloads_ + number(at + 10, 4);
      const std::uint32_t size = number(payload, 4);
      if (payload + 4 + size > rcc_.size()) refuse();
      out_.push_back({path, rcc_.substr(payload + 4, size)});
    }
  }
};

}  // namespace

std::vector<ResourceFile> read_qt_resource(std::string_view rcc) { return Reader(rcc).files(); }

}  // namespace orrery::media
