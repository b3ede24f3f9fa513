#include "fake_tokens.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <string>

#include "engine/api/error_scale.h"

namespace orrery::fake {
namespace {

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  std::uint64_t h = a * 0x9e3779b97f4a7c15ull ^ (b + 1) * 0xc2b2ae3d27d4eb4full;
  h ^= h >> 31, h *= 0x7fb5d329728ea185ull, h ^= h >> 27;
  return h;
}

std::array<std::uint8_t, 4> colourOf(int code) {
  const double hue = 6.283 * code / kTokenCodes;
  const auto part = [&](double shift) { return static_cast<std::uint8_t>(150 + 90 * std::cos(hue + shift)); };
  return {part(0.0), part(2.1), part(4.2), 255};
}

double pinOf(const Request& request, int cell) {
  const auto pins = request.get<std::vector<double>>("tokens.pinned", {});
  return static_cast<std::size_t>(cell) < pins.size() ? pins[static_cast<std::size_t>(cell)] : -1.0;
}

}  // namespace

bool isTokens(const Request& request) { return request.model == "starter:tokens"; }

ModelInfo tokenModel() {
  ModelInfo info;
  info.id = "starter:tokens", info.name = "Tokens", info.system = "maskgit", info.kind = Kind::token_model, info.hash = "hash of starter:tokens";
  info.width_px = info.height_px = 64;
  ControlSpec seed;
  seed.id = "seed", seed.section = "Latent", seed.label = "Seed", seed.help = "Which picture.", seed.kind = ControlKind::seed, seed.neutral = std::int64_t{0}, seed.max = 4294967295.0, seed.step = 1;
  ControlSpec pins;
  pins.id = "tokens.pinned", pins.section = "Tokens", pins.label = "Pinned", pins.help = "Tokens that stay as they are.", pins.kind = ControlKind::token_grid, pins.neutral = std::vector<double>{};
  pins.rows = pins.cols = kTokenSide, pins.min = -1, pins.max = kTokenCodes - 1, pins.step = 1, pins.animatable = false;
  ControlSpec photo;
  photo.id = "photo", photo.section = "Photo", photo.label = "Photo", photo.help = "A picture to begin with.", photo.kind = ControlKind::photo, photo.neutral = std::string(), photo.animatable = false;
  ControlSpec show = photo;
  show.id = "photo.show", show.label = "Show", show.help = "What is shown.", show.kind = ControlKind::choice, show.choices = {"generated", "reconstruction", kErrorMap}, show.neutral = show.choices.front();
  ControlSpec mask = photo;
  mask.id = "photo.mask", mask.label = "Mask", mask.help = "Where tokens are made anew.", mask.kind = ControlKind::mask;
  ControlSpec second = photo;
  second.id = "photo.second", second.label = "Second photo", second.help = "Another picture.";
  ControlSpec blend = photo;
  blend.id = "photo.second.blend", blend.label = "Blend", blend.help = "How far to go to the second.", blend.kind = ControlKind::slider, blend.neutral = 0.0, blend.animatable = true;
  info.controls = {seed, photo, show, mask, second, blend, pins};
  info.snapshots = {{1.0, {}}};
  return info;
}

int tokenCode(const Request& request, int cell) {
  if (const double pin = pinOf(request, cell); pin >= 0.0) return static_cast<int>(pin);
  const std::string photo = request.get<std::string>("photo", "");
  return static_cast<int>(mixed(static_cast<std::uint64_t>(photo.empty() ? request.get<std::int64_t>("seed", 0) : static_cast<std::int64_t>(std::hash<std::string>()(photo) >> 8)) + 99, static_cast<std::uint64_t>(cell)) >> 40) % kTokenCodes;
}

int tokenRound(const Request& request, int cell) {
  if (pinOf(request, cell) >= 0.0) return 0;
  return 1 + static_cast<int>(mixed(static_cast<std::uint64_t>(request.get<std::int64_t>("seed", 0)) + 7, static_cast<std::uint64_t>(cell)) >> 40) % kTokenRounds;
}

DeviceImage drawTokens(const Request& request, int px, std::int64_t round) {
  const bool error = !request.get<std::string>("photo", "").empty() && request.get<std::string>("photo.show", "") == kErrorMap;
  auto pixels = std::make_shared<std::vector<std::uint8_t>>(static_cast<std::size_t>(px) * px * 4);
  for (int y = 0; y < px; ++y) {
    for (int x = 0; x < px; ++x) {
      const int cell = y * kTokenSide / px * kTokenSide + x * kTokenSide / px;
      const auto colour = error ? std::array<std::uint8_t, 4>{static_cast<std::uint8_t>(255 * x / px), 20, 40, 255} : tokenRound(request, cell) <= round ? colourOf(tokenCode(request, cell)) : std::array<std::uint8_t, 4>{110, 110, 110, 255};
      std::copy(colour.begin(), colour.end(), pixels->begin() + 4 * (static_cast<std::ptrdiff_t>(y) * px + x));
    }
  }
  return {DeviceImage::Where::host, pixels->data(), px, px, static_cast<std::size_t>(px) * 4, nullptr, pixels};
}

Result<TokenLook> FakeTokens::look(TapeId tape, std::int64_t step, int candidates) {
  ++looks;
  for (const auto& info : tapes_.tapes()) {
    if (info.id != tape || !isTokens(info.request)) continue;
    Request request{info.request.model, info.request.values};
    for (const auto& branch : info.request.branches) {
      for (const auto& [id, value] : branch.values) request.values[id] = value;
    }
    TokenLook look;
    look.tape = tape, look.step = step;
    look.rows = look.cols = kTokenSide, look.codes = kTokenCodes;
    for (int cell = 0; cell < kTokenSide * kTokenSide; ++cell) {
      TokenCell at;
      const int code = tokenCode(request, cell), round = tokenRound(request, cell);
      if (round <= step) at.code = code, at.came = round, at.probability = 0.9F - 0.01F * static_cast<float>(cell);
      at.entropy_bits = 0.05F * static_cast<float>(cell);
      for (int i = 0; i < std::min(candidates, kTokenCodes); ++i) at.candidates.push_back({(code + i) % kTokenCodes, 0.6F / static_cast<float>(1 << i)});
      look.cells.push_back(std::move(at));
    }
    return look;
  }
  return JobError{ErrorCode::wrong_use, "This tape is gone.", "Nothing was changed.", "Look at another one.", {}};
}

Result<Codebook> FakeTokens::codebook(const Request& request) {
  if (!isTokens(request)) return JobError{ErrorCode::wrong_use, "This model has no codebook.", "Nothing was changed.", "Choose another model.", {}};
  constexpr int kPatch = 8, kColumns = 4;
  Codebook book;
  book.model = request.model, book.hash = "hash of starter:tokens";
  book.codes = kTokenCodes, book.columns = kColumns, book.patch_px = kPatch;
  constexpr int kWidth = kPatch * kColumns, kHeight = kPatch * kTokenCodes / kColumns;
  auto pixels = std::make_shared<std::vector<std::uint8_t>>(static_cast<std::size_t>(kWidth) * kHeight * 4);
  for (int y = 0; y < kHeight; ++y) {
    for (int x = 0; x < kWidth; ++x) {
      const auto colour = colourOf(y / kPatch * kColumns + x / kPatch);
      std::copy(colour.begin(), colour.end(), pixels->begin() + 4 * (y * kWidth + x));
    }
  }
  book.atlas = {DeviceImage::Where::host, pixels->data(), kWidth, kHeight, kWidth * 4u, nullptr, pixels};
  for (int code = 0; code < kTokenCodes; ++code) {
    book.usage.push_back(code == 3 ? 0.0F : 1.0F / (kTokenCodes - 1));
    book.plane.push_back(std::cos(6.283F * static_cast<float>(code) / kTokenCodes));
    book.plane.push_back(std::sin(6.283F * static_cast<float>(code) / kTokenCodes));
  }
  book.usage_of = "100 pictures";
  return book;
}

}  // namespace orrery::fake
