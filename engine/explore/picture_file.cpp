#include "engine/explore/picture_file.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/api/result.h"
#include "engine/data/pixels.h"
#include "engine/explore/picture_value.h"
#include "engine/io/png.h"
#include "engine/jobs/boundary.h"
#ifdef ORRERY_MEDIA
#include "engine/media/picture.h"
#endif

namespace orrery {
namespace fs = std::filesystem;
namespace {

constexpr int kLeast_px = 8;
constexpr std::uintmax_t kMostBytes = std::uintmax_t{128} << 20;

[[noreturn]] void refuse(const std::string& path, ControlKind kind, const std::string& why) {
  const std::string name = fs::path(path).filename().string();
  throw Error(ErrorCode::bad_input, (name.empty() ? path : name) + " cannot be used as a " + (kind == ControlKind::mask ? "mask" : "photo") + ": " + why + ".",
              "", "Choose another picture.");
}

std::string read(const std::string& path, ControlKind kind) {
  std::error_code error;
  if (!fs::exists(path, error)) refuse(path, kind, "there is no such file");
  if (!fs::is_regular_file(path, error)) refuse(path, kind, "it is not a file");
  if (fs::file_size(path, error) > kMostBytes) refuse(path, kind, "it is larger than 128 MiB");
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  if (file && file.peek() != std::ifstream::traits_type::eof()) bytes << file.rdbuf();
  if (!file || !bytes) refuse(path, kind, fs::file_size(path, error) == 0 ? "it is empty" : "it cannot be read");
  return std::move(bytes).str();
}

void check_size(const std::string& path, ControlKind kind, int width_px, int height_px) {
  if (width_px >= kLeast_px && height_px >= kLeast_px) return;
  refuse(path, kind, "it has only " + std::to_string(width_px) + " x " + std::to_string(height_px) + " pixels, and needs at least " + std::to_string(kLeast_px) + " x " + std::to_string(kLeast_px));
}

// RGB, a square of `side_px`, or without importers the whole picture.
data::Pixels decoded(const std::string& path, ControlKind kind, const std::string& bytes, [[maybe_unused]] int side_px) {
#ifdef ORRERY_MEDIA
  // The door of pictures throws bare reasons.
  const auto ask = [&](const auto& what) {
    try {
      return what(fs::path(path).filename().string());
    } catch (const Error& error) {
      refuse(path, kind, error.what());
    }
  };
  const auto size = ask([&](const std::string& name) { return media::picture_size(bytes, name); });
  check_size(path, kind, size.width_px, size.height_px);
  return ask([&](const std::string& name) { return media::decode_picture(bytes, name, side_px, Fit::crop).pixels; });
#else
  const io::PngImage png = io::parse_png(bytes, {std::uint64_t{1} << 22, kMostBytes, std::size_t{4} << 20}, fs::path(path).filename().string());
  check_size(path, kind, png.width_px, png.height_px);
  data::Pixels out(png.width_px, png.height_px, 3);
  for (std::size_t i = 0, n = static_cast<std::size_t>(png.width_px) * static_cast<std::size_t>(png.height_px); i < n; ++i) {
    const std::uint8_t* from = png.pixels.data() + i * static_cast<std::size_t>(png.channels);
    const int alpha = png.channels % 2 == 0 ? from[png.channels - 1] : 255;
    for (int c = 0; c < 3; ++c) out.bytes[3 * i + static_cast<std::size_t>(c)] = static_cast<std::uint8_t>((from[png.channels > 2 ? c : 0] * alpha + 255 * (255 - alpha) + 127) / 255);
  }
  return out;
#endif
}

}  // namespace

std::string picture_value_of_file(const std::string& path, ControlKind kind, int width_px, int height_px) {
  const data::Pixels pixels = decoded(path, kind, read(path, kind), std::max(width_px, height_px));
  const PictureShape shape{kind == ControlKind::mask ? 1 : 3, height_px, width_px};
  const std::string whole = picture_value({pixels.bytes.data(), pixels.width_px, pixels.height_px, 3, 0});
  if (pixels.width_px == width_px && pixels.height_px == height_px && kind != ControlKind::mask) return whole;
  const at::Tensor values = kind == ControlKind::mask ? mask_of_value(whole, shape) : photo_of_value(whole, shape) * 0.5 + 0.5;
  const at::Tensor bytes = (values[0].permute({1, 2, 0}) * 255.0 + 0.5).floor().clamp(0.0, 255.0).to(at::kByte).contiguous();
  return picture_value({bytes.const_data_ptr<std::uint8_t>(), width_px, height_px, static_cast<int>(shape.channels), 0});
}

Result<std::string> PictureReader::value_of_file(const std::string& path, ControlKind kind, int width_px, int height_px) const {
  try {
    return picture_value_of_file(path, kind, width_px, height_px);
  } catch (...) {
    return live_error_of(std::current_exception());
  }
}

}  // namespace orrery
