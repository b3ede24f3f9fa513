// PNG: pixels with text chunks, to and from memory and files. Reading is safe on files from anywhere.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace orrery::io {

// Pixels of somebody else: rows from top to bottom, `channels` bytes each: 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA.
struct PixelView {
  const std::uint8_t* pixels = nullptr;
  int width_px = 0;
  int height_px = 0;
  int channels = 3;
  std::size_t row_bytes = 0;  // 0: width_px * channels
};

struct PngImage {
  int width_px = 0;
  int height_px = 0;
  int channels = 0;
  std::vector<std::uint8_t> pixels;          // height x width x channels
  std::map<std::string, std::string> text;   // keyword -> text, UTF-8; of a keyword that appears twice the first
  PixelView view() const { return {pixels.data(), width_px, height_px, channels, 0}; }
};

// The keywords under which this program explains a picture: `parameters` is a sentence that other programs show, `orrery_metadata` JSON.
inline constexpr const char* png_parameters = "parameters";
inline constexpr const char* png_metadata = "orrery_metadata";

// Text goes before the pixels, uncompressed (some readers take nothing else): tEXt when it is ASCII, else iTXt. Keywords: 1 to 79 printable
// ASCII characters. `compression` 0 to 9. Throws Error(failed) for a keyword or size that PNG cannot hold.
std::string png_bytes(const PixelView& image, const std::map<std::string, std::string>& text = {}, int compression = 6);
// Atomically (engine/io/atomic_file.h).
void write_png(const std::string& path, const PixelView& image, const std::map<std::string, std::string>& text = {}, int compression = 6);

struct PngLimits {
  std::uint64_t pixels = std::uint64_t{1} << 28;
  std::uint64_t file_bytes = std::uint64_t{1} << 30;
  std::size_t text_bytes = std::size_t{4} << 20;  // of one chunk, inflated
};
// Any PNG: palettes, 1 to 16 bits, interlaced; comes out with 8 bits a channel. Text chunks of all three kinds. Throws Error(bad_input) for
// what is not PNG, is damaged or cut off, or is larger than the limits.
PngImage parse_png(std::string_view bytes, const PngLimits& limits = {}, const std::string& what = "The picture");
PngImage read_png(const std::string& path, const PngLimits& limits = {});
// The text chunks that stand before the pixels, without decoding these.
std::map<std::string, std::string> read_png_text(const std::string& path, const PngLimits& limits = {});

}  // namespace orrery::io
