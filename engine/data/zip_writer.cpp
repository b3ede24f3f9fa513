#include "engine/data/zip_writer.h"

#include <zlib.h>

#include <algorithm>

namespace orrery::data {
namespace {

constexpr std::uint64_t limit_32 = 0xFFFFFFFF;
constexpr std::uint64_t limit_16 = 0xFFFF;
constexpr std::uint16_t utf8_names = 0x0800;
constexpr std::uint32_t first_of_1980 = 0x00210000;  // MS-DOS date and time

struct Fields {
  std::string bytes;
  Fields& u16(std::uint64_t v) { return put(v, 2); }
  Fields& u32(std::uint64_t v) { return put(v, 4); }
  Fields& u64(std::uint64_t v) { return put(v, 8); }

 private:
  Fields& put(std::uint64_t v, int count) {
    for (int i = 0; i < count; ++i) bytes += static_cast<char>(v >> (8 * i) & 0xFF);
    return *this;
  }
};

std::uint64_t clamp_32(std::uint64_t v) { return std::min(v, limit_32); }
std::uint64_t clamp_16(std::uint64_t v) { return std::min(v, limit_16); }

}  // namespace

void ZipWriter::put(std::string_view bytes) {
  buffer_ += bytes;
  offset_ += bytes.size();
  if (buffer_.size() >= std::size_t{1} << 20) flush();
}

void ZipWriter::flush() {
  file_.write(buffer_);
  buffer_.clear();
}

void ZipWriter::add(std::string_view name, std::string_view bytes) {
  const auto crc = static_cast<std::uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  const bool large = bytes.size() >= limit_32;
  Fields extra;
  if (large) extra.u16(1).u16(16).u64(bytes.size()).u64(bytes.size());
  Fields head;
  head.u32(0x04034b50).u16(large ? 45 : 20).u16(utf8_names).u16(0).u32(first_of_1980).u32(crc);
  head.u32(clamp_32(bytes.size())).u32(clamp_32(bytes.size())).u16(name.size()).u16(extra.bytes.size());
  entries_.push_back({std::string(name), crc, bytes.size(), offset_});
  put(head.bytes);
  put(name);
  put(extra.bytes);
  put(bytes);
}

void ZipWriter::commit() {
  const std::uint64_t start = offset_;
  for (const Entry& entry : entries_) {
    const bool large = entry.size >= limit_32;
    const bool far = entry.offset >= limit_32;
    Fields extra;
    if (large || far) {
      extra.u16(1).u16((large ? 16 : 0) + (far ? 8 : 0));
      if (large) extra.u64(entry.size).u64(entry.size);
      if (far) extra.u64(entry.offset);
    }
    Fields head;
    head.u32(0x02014b50).u16(3 << 8 | 45).u16(large || far ? 45 : 20).u16(utf8_names).u16(0).u32(first_of_1980).u32(entry.crc);
    head.u32(clamp_32(entry.size)).u32(clamp_32(entry.size)).u16(entry.name.size()).u16(extra.bytes.size());
    head.u16(0).u16(0).u16(0).u32(0100644u << 16).u32(clamp_32(entry.offset));
    put(head.bytes);
    put(entry.name);
    put(extra.bytes);
  }
  const std::uint64_t size = offset_ - start;
  const std::uint64_t count = entries_.size();
  Fields end;
  if (count >= limit_16 || start >= limit_32 || size >= limit_32) {
    end.u32(0x06064b50).u64(44).u16(3 << 8 | 45).u16(45).u32(0).u32(0).u64(count).u64(count).u64(size).u64(start);
    end.u32(0x07064b50).u32(0).u64(start + size).u32(1);
  }
  end.u32(0x06054b50).u16(0).u16(0).u16(clamp_16(count)).u16(clamp_16(count)).u32(clamp_32(size)).u32(clamp_32(start)).u16(0);
  put(end.bytes);
  flush();
  file_.commit();
}

}  // namespace orrery::data
