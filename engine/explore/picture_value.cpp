#include "engine/explore/picture_value.h"

#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/api/result.h"

namespace orrery {
namespace {

constexpr std::string_view kPrefix = "data:image/png;base64,";
constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kMostBytes = std::size_t{24} << 20;  // of text; no PNG of the pixels below needs as many
constexpr io::PngLimits kLimits{std::uint64_t{1} << 22, kMostBytes, std::size_t{1} << 16};

[[noreturn]] void refuse(const std::string& what, const std::string& why) {
  throw Error(ErrorCode::bad_input, what + " cannot be read: " + why + ".", "", "Choose the picture again, or leave it out.");
}

std::string base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += k <= count ? kDigits[group >> (18 - 6 * k) & 63U] : '=';
  }
  return out;
}

// Strict (RFC 4648, section 4): whole groups, padding at the end only, no bits left over.
std::string from_base64(std::string_view text, const std::string& what) {
  static const auto values = [] {
    std::array<std::int8_t, 256> table;
    table.fill(-1);
    for (std::size_t i = 0; i < kDigits.size(); ++i) table[static_cast<unsigned char>(kDigits[i])] = static_cast<std::int8_t>(i);
    return table;
  }();
  if (text.empty() || text.size() % 4 != 0) refuse(what, "its base64 text is cut off");
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  std::string out;
  out.reserve(text.size() / 4 * 3);
  for (std::size_t i = 0; i < text.size(); i += 4) {
    const std::size_t digits = i + 4 == text.size() ? 4 - padding : 4;
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 4; ++k) {
      const int value = k < digits ? values[static_cast<unsigned char>(text[i + k])] : 0;
      if (value < 0) refuse(what, "it is no base64 text");
      group = group << 6 | static_cast<std::uint32_t>(value);
    }
    if ((digits < 4 && (group & 0xffU) != 0) || (digits < 3 && (group & 0xffffU) != 0)) refuse(what, "it is no base64 text");
    for (std::size_t k = 0; k + 1 < digits; ++k) out += static_cast<char>(group >> (16 - 8 * k) & 255U);
  }
  return out;
}

// [1, C, H, W] float64 in [0, 1], C 1 or 3, transparency on white.
at::Tensor decoded(const std::string& value, const std::string& what) {
  check_picture_value(value, what);
  io::PngImage png;
  try {
    png = io::parse_png(from_base64(std::string_view(value).substr(kPrefix.size()), what), kLimits, what);
  } catch (const Error& error) {
    JobError plain = error.error();
    plain.what_to_do = "Choose the picture again, or leave it out.";
    throw Error(plain);
  }
  at::Tensor pixels = at::from_blob(png.pixels.data(), {1, png.height_px, png.width_px, png.channels}, at::kByte).permute({0, 3, 1, 2}).to(at::kDouble) / 255.0;
  if (png.channels % 2 == 0) {
    const at::Tensor alpha = pixels.narrow(1, png.channels - 1, 1);
    pixels = pixels.narrow(1, 0, png.channels - 1) * alpha + (1.0 - alpha);
  }
  return pixels.contiguous();
}

at::Tensor grey(const at::Tensor& pixels) {
  return pixels.size(1) == 1 ? pixels : (pixels * at::tensor({0.299, 0.587, 0.114}, at::kDouble).view({1, 3, 1, 1})).sum(1, /*keepdim=*/true);
}

at::Tensor fitted(const at::Tensor& pixels, const PictureShape& shape) {
  const std::int64_t height = pixels.size(2), width = pixels.size(3);
  if (height == shape.height_px && width == shape.width_px) return pixels;
  const double scale = std::min(static_cast<double>(height) / static_cast<double>(shape.height_px), static_cast<double>(width) / static_cast<double>(shape.width_px));
  const auto part = [&](std::int64_t side, std::int64_t most) { return std::clamp<std::int64_t>(std::llround(static_cast<double>(side) * scale), 1, most); };
  const std::int64_t kept_height = part(shape.height_px, height), kept_width = part(shape.width_px, width);
  const at::Tensor kept = pixels.narrow(2, (height - kept_height) / 2, kept_height).narrow(3, (width - kept_width) / 2, kept_width).contiguous();
  return at::_upsample_bicubic2d_aa(kept, {shape.height_px, shape.width_px}, /*align_corners=*/false).clamp(0.0, 1.0);
}

}  // namespace

std::string picture_value(const io::PixelView& pixels) { return std::string(kPrefix) + base64(io::png_bytes(pixels)); }

void check_picture_value(const std::string& value, const std::string& what) {
  if (value.empty()) return;
  if (!value.starts_with(kPrefix)) refuse(what, "its value is not a PNG picture (" + std::string(kPrefix) + "...)");
  if (value.size() > kMostBytes) refuse(what, "it is larger than this program takes");
}

at::Tensor photo_of_value(const std::string& value, const PictureShape& shape) {
  at::Tensor pixels = fitted(decoded(value, "The photo"), shape);
  if (shape.channels == 1) pixels = grey(pixels);
  else if (pixels.size(1) == 1) pixels = pixels.expand({1, 3, shape.height_px, shape.width_px});
  if (shape.channels == 4) pixels = at::cat({pixels, at::ones({1, 1, shape.height_px, shape.width_px}, at::kDouble)}, 1);
  return (pixels * 2.0 - 1.0).contiguous();
}

at::Tensor mask_of_value(const std::string& value, const PictureShape& shape) { return fitted(grey(decoded(value, "The mask")), shape).contiguous(); }

}  // namespace orrery
