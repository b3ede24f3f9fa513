#include "engine/data/toys.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/api/result.h"
#include "engine/data/letters.h"
#include "engine/data/pixels.h"
#include "engine/io/png.h"
#ifdef ORRERY_MEDIA
#include "engine/media/picture.h"
#endif

namespace orrery::data {
namespace {

constexpr int kModes = 8;
constexpr const char* kPicture = "points:";
constexpr double kReach = 0.9;              // of a picture's longer side, and of the letters
constexpr std::int64_t kMostPixels = 4000;  // of a side
constexpr std::uintmax_t kMostBytes = std::uintmax_t{128} << 20;

double brightness(const std::uint8_t* rgb) { return (0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]) / 255.0; }

// RGB of any picture (without importers: of a PNG).
Pixels whole_picture(const std::string& path) {
  std::error_code error;
  if (std::filesystem::file_size(path, error) > kMostBytes || error)
    throw Error(ErrorCode::bad_input, path + " cannot be read as a picture.", "Nothing was changed.", "Choose a picture of at most 128 MB.", error.message());
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
#ifdef ORRERY_MEDIA
  try {
    return media::decode_whole(bytes, std::filesystem::path(path).filename().string());
  } catch (const Error& reason) {
    throw Error(ErrorCode::bad_input, path + " cannot be read as a picture: " + reason.error().what_happened + ".", "Nothing was changed.", "Choose another picture.");
  }
#else
  const io::PngImage png = io::parse_png(bytes, {}, path);
  Pixels out(png.width_px, png.height_px, 3);
  for (std::size_t i = 0; i < static_cast<std::size_t>(png.width_px) * static_cast<std::size_t>(png.height_px); ++i) {
    const std::uint8_t* from = png.pixels.data() + i * static_cast<std::size_t>(png.channels);
    const int alpha = png.channels % 2 == 0 ? from[png.channels - 1] : 255;
    for (int c = 0; c < 3; ++c) out.bytes[3 * i + static_cast<std::size_t>(c)] = static_cast<std::uint8_t>((from[png.channels > 2 ? c : 0] * alpha + 255 * (255 - alpha)) / 255);
  }
  return out;
#endif
}

Toy picture_toy(const std::string& path) {
  const Pixels pixels = whole_picture(path);
  if (pixels.width_px > kMostPixels || pixels.height_px > kMostPixels)
    throw Error(ErrorCode::bad_input, path + " is too large to be read as points.", "Nothing was changed.", "Choose a picture of at most 4000 pixels a side.");
  Toy toy;
  toy.name = std::filesystem::path(path).stem().string();
  toy.sentence = "Points drawn from a picture";
  toy.ink = std::make_shared<Ink>(ink_of(pixels.bytes.data(), pixels.width_px, pixels.height_px));
  return toy;
}

}  // namespace

Ink ink_of(const std::uint8_t* rgb, std::int64_t width, std::int64_t height) {
  constexpr double kPaper = 0.1;
  std::vector<std::int64_t> seen(256, 0);
  for (std::int64_t y = 0; y < height; ++y) {
    for (std::int64_t x = 0; x < width; ++x) {
      if (y == 0 || x == 0 || y == height - 1 || x == width - 1) ++seen[static_cast<std::size_t>(std::lround(brightness(rgb + 3 * (y * width + x)) * 255.0))];
    }
  }
  const double paper = static_cast<double>(std::max_element(seen.begin(), seen.end()) - seen.begin()) / 255.0;
  Ink out{width, height, {}};
  out.running.reserve(static_cast<std::size_t>(width * height));
  double sum = 0.0;
  for (std::int64_t i = 0; i < width * height; ++i) {
    const double ink = std::abs(brightness(rgb + 3 * i) - paper);
    out.running.push_back(sum += ink < kPaper ? 0.0 : ink);
  }
  if (!(sum > 0.0)) throw Error(ErrorCode::bad_input, "The picture is of one brightness: there is nothing to take points from.", "Nothing was changed.", "Choose a drawing or letters on plain paper.");
  for (double& running : out.running) running /= sum;
  return out;
}

const std::vector<Toy>& toys() {
  static const std::vector<Toy> list = [] {
    std::vector<Toy> all{{"toy-rings", "Eight Gaussians on a circle", {}}, {"toy-moons", "Two half circles", {"upper moon", "lower moon"}}, {"toy-swissroll", "A spiral", {}},
                         {"toy-letters", "The letters of ORRERY in two rows", {}}};
    for (int mode = 0; mode < kModes; ++mode) all[0].class_names.push_back("Gaussian " + std::to_string(mode + 1));
    return all;
  }();
  return list;
}

std::optional<Toy> toy_of(const std::string& path) {
  if (path.starts_with(kPicture)) return picture_toy(path.substr(std::string(kPicture).size()));
  return path.starts_with("builtin:") ? toy_named(path.substr(std::string("builtin:").size())) : std::nullopt;
}

std::optional<Toy> toy_named(const std::string& name) {
  for (const auto& toy : toys())
    if (toy.name == name) return toy;
  return std::nullopt;
}

ToyPoints toy_points(const Toy& toy, std::int64_t count, Rng rng) {
  const auto classes = static_cast<std::int64_t>(toy.class_names.size());
  ToyPoints out;
  out.points = at::empty({count, 2}, at::kFloat);
  if (classes > 0) out.labels = at::zeros({count, classes}, at::kFloat);
  const at::Tensor places = rng.fork("place").uniform({count, 2}, at::kDouble), blur = rng.fork("blur").normal({count, 2}, at::kDouble);
  const double* place = places.const_data_ptr<double>();
  const double* noise = blur.const_data_ptr<double>();
  float* point = out.points.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < count; ++i, place += 2, noise += 2, point += 2) {
    double x = 0.0, y = 0.0, spread = 0.05;
    std::int64_t label = 0;
    if (toy.ink) {
      const Ink& ink = *toy.ink;
      const auto at = std::min<std::ptrdiff_t>(std::upper_bound(ink.running.begin(), ink.running.end(), place[0]) - ink.running.begin(), static_cast<std::ptrdiff_t>(ink.running.size()) - 1);
      const auto before = at > 0 ? ink.running[static_cast<std::size_t>(at) - 1] : 0.0, share = ink.running[static_cast<std::size_t>(at)] - before;
      const double inside = share > 0.0 ? std::clamp((place[0] - before) / share, 0.0, 1.0) : 0.5;  // of the pixel, from left to right
      const double scale = 2.0 * kReach / static_cast<double>(std::max(ink.width_px, ink.height_px));
      x = (static_cast<double>(at % ink.width_px) + inside - 0.5 * static_cast<double>(ink.width_px)) * scale;
      y = (0.5 * static_cast<double>(ink.height_px) - static_cast<double>(at / ink.width_px) - place[1]) * scale;
      spread = 0.0;
    } else if (toy.name == "toy-letters") {
      const LetterPoint on = letter_point(std::min(static_cast<std::size_t>(place[0] * static_cast<double>(kLetters)), kLetters - 1), place[1]);
      x = kReach * on.x, y = kReach * on.y, spread = 0.011;
    } else if (toy.name == "toy-rings") {
      label = std::min<std::int64_t>(static_cast<std::int64_t>(place[0] * kModes), kModes - 1);
      const double angle = 2.0 * M_PI * static_cast<double>(label) / kModes;
      x = 0.7 * std::cos(angle), y = 0.7 * std::sin(angle);
    } else if (toy.name == "toy-moons") {
      label = place[0] < 0.5 ? 0 : 1;
      const double angle = M_PI * place[1];
      x = 0.6 * (label == 0 ? std::cos(angle) - 0.5 : 0.5 - std::cos(angle));
      y = 0.6 * (label == 0 ? std::sin(angle) - 0.25 : 0.25 - std::sin(angle));
      spread = 0.04;
    } else {
      const double turn = 1.5 * M_PI * (1.0 + 2.0 * std::sqrt(place[0]));  // evener along the arc than a uniform angle
      x = 0.062 * turn * std::cos(turn), y = 0.062 * turn * std::sin(turn);
      spread = 0.025;
    }
    point[0] = static_cast<float>(x + spread * noise[0]);
    point[1] = static_cast<float>(y + spread * noise[1]);
    if (classes > 0) out.labels[i][label] = 1.0;
  }
  return out;
}

}  // namespace orrery::data
