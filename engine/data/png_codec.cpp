#include "engine/data/png_codec.h"

#include <png.h>
#include <zlib.h>

#include "engine/api/result.h"

namespace orrery::data {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::bad_input, "The PNG cannot be read: " + why + "."); }

// libpng's simplified reader owns memory until it is finished or freed.
struct Reader {
  png_image image{};
  Reader() { image.version = PNG_IMAGE_VERSION; }
  ~Reader() { png_image_free(&image); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void begin(std::string_view bytes) {
    if (!png_image_begin_read_from_memory(&image, bytes.data(), bytes.size())) refuse(image.message);
  }
};

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xFF);
}

void append_chunk(std::string& out, std::string_view type, std::string_view body) {
  append_u32(out, static_cast<std::uint32_t>(body.size()));
  const std::size_t start = out.size();
  out += type;
  out += body;
  const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(out.data() + start), out.size() - start);
  append_u32(out, static_cast<std::uint32_t>(crc));
}

}  // namespace

PngSize png_size(std::string_view bytes) {
  Reader reader;
  reader.begin(bytes);
  const png_image& image = reader.image;
  if (image.width > 1u << 20 || image.height > 1u << 20) refuse("it is larger than 1,048,576 pixels a side");
  return {static_cast<int>(image.width), static_cast<int>(image.height), image.format & PNG_FORMAT_FLAG_COLOR ? 3 : 1};
}

Pixels decode_png(std::string_view bytes, const PngSize& expected) {
  Reader reader;
  reader.begin(bytes);
  png_image& image = reader.image;
  if (static_cast<int>(image.width) != expected.width_px || static_cast<int>(image.height) != expected.height_px) {
    refuse("it has " + std::to_string(image.width) + "x" + std::to_string(image.height) + " pixels instead of " + std::to_string(expected.width_px) + "x" +
           std::to_string(expected.height_px));
  }
  image.format = expected.channels == 1 ? PNG_FORMAT_GRAY : PNG_FORMAT_RGB;
  Pixels out(expected.width_px, expected.height_px, expected.channels);
  const png_color white{255, 255, 255};
  if (!png_image_finish_read(&image, &white, out.bytes.data(), 0, nullptr)) refuse(image.message);
  return out;
}

std::string encode_png_uncompressed(const Pixels& pixels) {
  const std::size_t row_bytes = static_cast<std::size_t>(pixels.width_px) * pixels.channels;
  std::string raw;
  raw.reserve((row_bytes + 1) * pixels.height_px);
  for (int y = 0; y < pixels.height_px; ++y) {
    raw += '\0';  // filter type None
    raw.append(reinterpret_cast<const char*>(pixels.row(y)), row_bytes);
  }
  // zlib stream (RFC 1950) of stored blocks (RFC 1951, 3.2.4), each at most 65,535 bytes.
  std::string stream("\x78\x01", 2);
  stream.reserve(raw.size() + raw.size() / 65535 * 5 + 16);
  for (std::size_t at = 0; at < raw.size(); at += 65535) {
    const std::size_t part = std::min<std::size_t>(65535, raw.size() - at);
    stream += static_cast<char>(at + part == raw.size());
    for (const std::size_t length : {part, ~part}) {
      stream += static_cast<char>(length & 0xFF);
      stream += static_cast<char>(length >> 8 & 0xFF);
    }
    stream.append(raw, at, part);
  }
  append_u32(stream, static_cast<std::uint32_t>(adler32_z(1, reinterpret_cast<const Bytef*>(raw.data()), raw.size())));

  std::string out("\x89PNG\r\n\x1a\n", 8);
  out.reserve(stream.size() + 64);
  std::string header;
  append_u32(header, static_cast<std::uint32_t>(pixels.width_px));
  append_u32(header, static_cast<std::uint32_t>(pixels.height_px));
  header += std::string{8, static_cast<char>(pixels.channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB), 0, 0, 0};
  append_chunk(out, "IHDR", header);
  append_chunk(out, "IDAT", stream);
  append_chunk(out, "IEND", {});
  return out;
}

}  // namespace orrery::data
