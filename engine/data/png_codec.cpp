#include "engine/data/png_codec.h"

#include <png.h>

#include "engine/api/result.h"
#include "engine/io/png.h"

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

std::string encode_png_uncompressed(const Pixels& pixels) { return io::png_bytes({pixels.bytes.data(), pixels.width_px, pixels.height_px, pixels.channels, 0}, {}, 0); }

}  // namespace orrery::data
