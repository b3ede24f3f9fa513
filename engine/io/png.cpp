#include "engine/io/png.h"

#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"
#include "engine/io/utf8.h"

namespace orrery::io {
namespace {

// libpng reports errors by longjmp. Nothing with a destructor may live in a frame that is jumped over, so all state is here, owned by a
// frame outside guarded().
struct Reading {
  std::string_view bytes;
  std::size_t at = 0;
  PngLimits limits;
  bool with_pixels = true;
  std::uint64_t packed_bytes = 0;  // of the pixels, as they stand in the file
  PngImage image;
  std::vector<png_bytep> rows;
  char message[160] = {};
  png_structp png = nullptr;
  png_infop info = nullptr, end = nullptr;
  ~Reading() { png_destroy_read_struct(&png, &info, &end); }
};

struct Writing {
  PixelView view;
  std::vector<png_text> text;
  std::string out;
  char message[160] = {};
  png_structp png = nullptr;
  png_infop info = nullptr;
  ~Writing() { png_destroy_write_struct(&png, &info); }
};

template <class State> void on_error(png_structp png, png_const_charp message) {
  auto* state = static_cast<State*>(png_get_error_ptr(png));
  std::strncpy(state->message, message, sizeof state->message - 1);
  png_longjmp(png, 1);
}
void on_warning(png_structp, png_const_charp) {}

// False when libpng gave up.
template <class State> bool guarded(State& state, void (*work)(State&)) {
  if (setjmp(png_jmpbuf(state.png))) return false;
  work(state);
  return true;
}

void take_bytes(png_structp png, png_bytep into, std::size_t count) {
  auto* state = static_cast<Reading*>(png_get_io_ptr(png));
  if (count > state->bytes.size() - state->at) png_error(png, "it is cut off");
  std::memcpy(into, state->bytes.data() + state->at, count);
  state->at += count;
}

void read_head(Reading& state) {
  png_read_info(state.png, state.info);
  const std::uint64_t width = png_get_image_width(state.png, state.info), height = png_get_image_height(state.png, state.info);
  if (width * height > state.limits.pixels) png_error(state.png, "it has more pixels than this program takes");
  state.image.width_px = static_cast<int>(width);
  state.image.height_px = static_cast<int>(height);
}

void read_pixels(Reading& state) {
  // Deflate packs at most 1,032 bytes into one: pixels that cannot be there get no memory.
  const std::uint64_t raw = static_cast<std::uint64_t>(png_get_rowbytes(state.png, state.info)) * static_cast<std::uint64_t>(state.image.height_px);
  if (raw > (state.packed_bytes + 1) * 1032) png_error(state.png, "it is cut off");
  png_set_expand(state.png);     // palette to RGB, 1, 2, 4 bits to 8, tRNS to alpha
  png_set_scale_16(state.png);
  png_set_interlace_handling(state.png);
  png_read_update_info(state.png, state.info);
  state.image.channels = png_get_channels(state.png, state.info);
  const std::size_t row = png_get_rowbytes(state.png, state.info);
  if (row != static_cast<std::size_t>(state.image.width_px) * state.image.channels) png_error(state.png, "its rows have an unexpected size");
  state.image.pixels.resize(row * state.image.height_px);
  state.rows.resize(state.image.height_px);
  for (std::size_t y = 0; y < state.rows.size(); ++y) state.rows[y] = state.image.pixels.data() + y * row;
  png_read_image(state.png, state.rows.data());
  png_read_end(state.png, state.end);
}

void collect_text(Reading& state, png_infop info) {
  png_textp text = nullptr;
  const int count = png_get_text(state.png, info, &text, nullptr);
  for (int i = 0; i < count; ++i) {
    const bool international = text[i].compression >= PNG_ITXT_COMPRESSION_NONE;
    const std::size_t size = international ? text[i].itxt_length : text[i].text_length;
    const std::string_view value(text[i].text ? text[i].text : "", text[i].text ? size : 0);
    // tEXt is Latin-1 by the book, but many programs write UTF-8 into it.
    if (value.size() <= state.limits.text_bytes) state.image.text.emplace(text[i].key, is_utf8(value) ? std::string(value) : utf8_from_latin1(value));
  }
}

[[noreturn]] void refuse(const std::string& what, const std::string& why) {
  throw Error(ErrorCode::bad_input, what + " cannot be read as PNG: " + why + ".", "Nothing was changed.", "Open it in a picture viewer and save it again.");
}

// libpng makes room for a whole chunk before it reads it, whatever the limits: none may claim more than the file has.
bool chunks_fit(Reading& state) {
  const auto* bytes = reinterpret_cast<png_const_bytep>(state.bytes.data());
  std::size_t at = 8;
  while (state.bytes.size() - at >= 8) {
    const std::uint64_t length = png_get_uint_32(bytes + at), left = state.bytes.size() - at - 8;  // with four bytes of checksum
    const std::string_view kind = state.bytes.substr(at + 4, 4);
    if (kind == "IDAT" && !state.with_pixels) return true;
    if (left < 4 || length > left - 4) return false;
    if (kind == "IDAT") state.packed_bytes += length;
    if (kind == "IEND") return true;
    at += 12 + length;
  }
  return true;
}

void decode(Reading& state, const std::string& what) {
  if (state.bytes.size() < 8 || png_sig_cmp(reinterpret_cast<png_const_bytep>(state.bytes.data()), 0, 8) != 0) refuse(what, "it does not begin like one");
  if (!chunks_fit(state)) refuse(what, "it is cut off");
  state.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state, on_error<Reading>, on_warning);
  if (state.png) state.info = png_create_info_struct(state.png);
  if (state.info) state.end = png_create_info_struct(state.png);
  if (!state.end) throw std::bad_alloc();
  png_set_read_fn(state.png, &state, take_bytes);
  png_set_user_limits(state.png, 1'000'000, 1'000'000);
  png_set_chunk_malloc_max(state.png, state.limits.text_bytes);
  png_set_chunk_cache_max(state.png, 64);
  if (!guarded(state, read_head) || (state.with_pixels && !guarded(state, read_pixels))) refuse(what, state.message);
  collect_text(state, state.info);
  if (state.with_pixels) collect_text(state, state.end);
}

void give_bytes(png_structp png, png_bytep bytes, std::size_t count) {
  bool full = false;
  try {
    static_cast<Writing*>(png_get_io_ptr(png))->out.append(reinterpret_cast<const char*>(bytes), count);
  } catch (const std::bad_alloc&) {
    full = true;  // no exception may cross the frames of libpng
  }
  if (full) png_error(png, "there is not enough memory");
}

void encode(Writing& state) {
  const int colour = state.view.channels == 1 ? PNG_COLOR_TYPE_GRAY : state.view.channels == 2 ? PNG_COLOR_TYPE_GRAY_ALPHA : state.view.channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_RGB_ALPHA;
  png_set_IHDR(state.png, state.info, static_cast<png_uint_32>(state.view.width_px), static_cast<png_uint_32>(state.view.height_px), 8, colour, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (!state.text.empty()) png_set_text(state.png, state.info, state.text.data(), static_cast<int>(state.text.size()));
  png_write_info(state.png, state.info);
  for (int y = 0; y < state.view.height_px; ++y) png_write_row(state.png, state.view.pixels + static_cast<std::size_t>(y) * state.view.row_bytes);
  png_write_end(state.png, nullptr);
}

}  // namespace

std::string png_bytes(const PixelView& image, const std::map<std::string, std::string>& text, int compression) {
  const auto fail = [](const std::string& why) -> Error { return {ErrorCode::failed, "The picture could not be made into a PNG: " + why + ".", "Nothing was written."}; };
  if (image.width_px < 1 || image.height_px < 1 || image.channels < 1 || image.channels > 4 || !image.pixels) throw fail("it has no pixels");
  Writing state;
  state.view = image;
  if (state.view.row_bytes == 0) state.view.row_bytes = static_cast<std::size_t>(image.width_px) * image.channels;
  for (const auto& [key, value] : text) {
    const bool printable = std::all_of(key.begin(), key.end(), [](unsigned char c) { return c >= 32 && c < 127; });
    if (key.empty() || key.size() > 79 || !printable || key.front() == ' ' || key.back() == ' ' || key.find("  ") != std::string::npos) throw fail("\"" + key + "\" is not a keyword");
    if (value.find('\0') != std::string::npos || !is_utf8(value)) throw fail("the text of \"" + key + "\" is not UTF-8");
    const bool ascii = std::all_of(value.begin(), value.end(), [](unsigned char c) { return c < 128; });
    png_text one{};
    one.compression = ascii ? PNG_TEXT_COMPRESSION_NONE : PNG_ITXT_COMPRESSION_NONE;
    one.key = const_cast<char*>(key.c_str());     // libpng copies both
    one.text = const_cast<char*>(value.c_str());
    (ascii ? one.text_length : one.itxt_length) = value.size();
    state.text.push_back(one);
  }
  state.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &state, on_error<Writing>, on_warning);
  if (state.png) state.info = png_create_info_struct(state.png);
  if (!state.info) throw std::bad_alloc();
  png_set_write_fn(state.png, &state, give_bytes, nullptr);
  png_set_compression_level(state.png, std::clamp(compression, 0, 9));
  if (!guarded(state, encode)) throw fail(state.message);
  return std::move(state.out);
}

void write_png(const std::string& path, const PixelView& image, const std::map<std::string, std::string>& text, int compression) {
  write_file_atomically(path, png_bytes(image, text, compression));
}

PngImage parse_png(std::string_view bytes, const PngLimits& limits, const std::string& what) {
  Reading state;
  state.bytes = bytes;
  state.limits = limits;
  decode(state, what);
  return std::move(state.image);
}

PngImage read_png(const std::string& path, const PngLimits& limits) { return parse_png(read_file(path, limits.file_bytes), limits, path); }

std::map<std::string, std::string> read_png_text(const std::string& path, const PngLimits& limits) {
  const std::string bytes = read_file(path, limits.file_bytes);
  Reading state;
  state.bytes = bytes;
  state.limits = limits;
  state.with_pixels = false;
  decode(state, path);
  return std::move(state.image.text);
}

}  // namespace orrery::io
