#include "engine/media/plain_formats.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_BMP
#define STBI_ONLY_TGA
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

#include "engine/api/result.h"

namespace orrery::media {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::bad_input, why); }

// Little-endian numbers at fixed places; the end of the file is an error.
struct Fields {
  std::string_view bytes;
  std::uint32_t at(std::size_t place, int count) const {
    if (place + static_cast<std::size_t>(count) > bytes.size()) refuse("it is cut off in its header");
    std::uint32_t value = 0;
    for (int i = 0; i < count; ++i) value |= static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[place + static_cast<std::size_t>(i)])) << (8 * i);
    return value;
  }
};

std::uint64_t bmp_bytes(std::string_view bytes) {
  const Fields fields{bytes};
  const std::uint32_t start = fields.at(10, 4), header = fields.at(14, 4);
  const bool old = header == 12;
  const std::int64_t width = old ? fields.at(18, 2) : static_cast<std::int32_t>(fields.at(18, 4));
  const std::int64_t height = old ? fields.at(20, 2) : static_cast<std::int32_t>(fields.at(22, 4));
  const std::uint32_t bits = old ? fields.at(24, 2) : fields.at(28, 2);
  if (!old && fields.at(30, 4) != 0 && fields.at(30, 4) != 3) refuse("compressed BMP is not read");
  return start + (static_cast<std::uint64_t>(width) * bits + 31) / 32 * 4 * static_cast<std::uint64_t>(std::abs(height));
}

// Bytes up to the end of the last pixel, packets counted where they are run-length coded.
std::uint64_t tga_bytes(std::string_view bytes) {
  const Fields fields{bytes};
  const std::uint32_t type = fields.at(2, 1);
  const std::uint64_t pixels = static_cast<std::uint64_t>(fields.at(12, 2)) * fields.at(14, 2);
  const std::uint64_t pixel = (fields.at(16, 1) + 7) / 8;
  const std::uint64_t palette = fields.at(1, 1) ? fields.at(5, 2) * ((fields.at(7, 1) + 7) / 8) : 0;
  std::uint64_t at = 18 + fields.at(0, 1) + palette;
  if ((type & 8) == 0) return at + pixels * pixel;
  for (std::uint64_t done = 0; done < pixels;) {
    const std::uint32_t packet = fields.at(static_cast<std::size_t>(at), 1);
    const std::uint64_t count = (packet & 127) + 1;
    at += 1 + (packet & 128 ? pixel : count * pixel);
    done += count;
  }
  return at;
}

// Binary PGM and PPM (P5, P6). stb_image takes the two bytes of 16-bit ones in the wrong order, so they are read here.
struct Pnm {
  std::uint64_t width = 0, height = 0, largest = 0;
  int channels = 1;
  std::size_t start = 0;
  std::uint64_t sample_bytes() const { return largest > 255 ? 2 : 1; }
};

Pnm pnm_header(std::string_view bytes) {
  Pnm pnm;
  pnm.channels = bytes[1] == '6' ? 3 : 1;
  std::size_t at = 2;
  for (auto* number : {&pnm.width, &pnm.height, &pnm.largest}) {
    for (bool comment = false; at < bytes.size(); ++at) {
      comment = bytes[at] == '#' || (comment && bytes[at] != '\n');
      if (!comment && !std::strchr(" \t\r\n", bytes[at])) break;
    }
    std::size_t digits = 0;
    for (; at < bytes.size() && bytes[at] >= '0' && bytes[at] <= '9' && digits < 9; ++at, ++digits) *number = *number * 10 + static_cast<std::uint64_t>(bytes[at] - '0');
    if (*number == 0 || digits == 9) refuse("its header is damaged");
  }
  if (pnm.largest > 65535) refuse("its header is damaged");
  pnm.start = at + 1;
  return pnm;
}

data::Pixels decode_pnm(std::string_view bytes) {
  const Pnm pnm = pnm_header(bytes);
  data::Pixels out(static_cast<int>(pnm.width), static_cast<int>(pnm.height), pnm.channels);
  const std::uint64_t needed = pnm.start + out.bytes.size() * pnm.sample_bytes();
  if (bytes.size() < needed) refuse("it is cut off: " + std::to_string(bytes.size()) + " of " + std::to_string(needed) + " bytes");
  const auto* from = reinterpret_cast<const std::uint8_t*>(bytes.data()) + pnm.start;
  for (auto& to : out.bytes) {
    std::uint64_t value = *from++;
    if (pnm.largest > 255) value = value << 8 | *from++;
    to = static_cast<std::uint8_t>((std::min(value, pnm.largest) * 255 + pnm.largest / 2) / pnm.largest);
  }
  return out;
}

}  // namespace

PlainSize plain_size(std::string_view bytes, FileType type) {
  PlainSize size{};
  if (bytes.size() > INT32_MAX) refuse("it is too large a file");
  if (type == FileType::pnm) {
    const Pnm pnm = pnm_header(bytes);
    if (pnm.width > INT16_MAX * 32 || pnm.height > INT16_MAX * 32) refuse("its header is damaged");
    return {static_cast<int>(pnm.width), static_cast<int>(pnm.height), pnm.channels};
  }
  if (!stbi_info_from_memory(reinterpret_cast<const stbi_uc*>(bytes.data()), static_cast<int>(bytes.size()), &size.width_px, &size.height_px, &size.channels) || size.width_px < 1 || size.height_px < 1) {
    refuse(std::string("it is damaged or not ") + type_name(type));
  }
  return size;
}

data::Pixels decode_plain(std::string_view bytes, FileType type) {
  plain_size(bytes, type);
  if (type == FileType::pnm) return decode_pnm(bytes);
  const std::uint64_t needed = type == FileType::bmp ? bmp_bytes(bytes) : tga_bytes(bytes);
  if (bytes.size() < needed) refuse("it is cut off: " + std::to_string(bytes.size()) + " of " + std::to_string(needed) + " bytes");
  data::Pixels out;
  stbi_uc* decoded = stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(bytes.data()), static_cast<int>(bytes.size()), &out.width_px, &out.height_px, &out.channels, 0);
  if (!decoded) refuse(std::string("it is damaged (") + stbi_failure_reason() + ")");
  struct Free {
    stbi_uc* it;
    ~Free() { stbi_image_free(it); }
  } free{decoded};
  out.bytes.assign(decoded, decoded + static_cast<std::size_t>(out.width_px) * out.height_px * out.channels);
  return out;
}

}  // namespace orrery::media
