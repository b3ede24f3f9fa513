#include "engine/media/glyphs.h"

#include <algorithm>
#include <map>
#include <optional>

namespace orrery::media {
namespace {

constexpr double margin = 0.08;
constexpr double trial_ppem = 256.0;

struct Ink {
  std::uint32_t glyph;
  Font::Box box;  // at trial_ppem
};

std::map<char, Ink> inked(const Font& font) {
  std::map<char, Ink> out;
  for (const char c : glyph_characters()) {
    const auto glyph = font.shape({static_cast<std::uint32_t>(c)});
    const auto box = glyph ? font.ink(*glyph, trial_ppem) : std::nullopt;
    if (box) out[c] = {*glyph, *box};
  }
  return out;
}

// Draws a glyph so that its own ink fills a 32-px square.
data::Pixels alone(const Font& font, const Ink& ink) {
  constexpr int side_px = 32;
  const double scale = side_px / std::max(ink.box.right - ink.box.left, ink.box.top - ink.box.bottom);
  data::Pixels out(side_px, side_px, 1);
  std::fill(out.bytes.begin(), out.bytes.end(), std::uint8_t{255});
  font.draw(ink.glyph, trial_ppem * scale, -ink.box.left * scale, side_px + ink.box.bottom * scale, out);
  return out;
}

bool look_alike(const data::Pixels& a, const data::Pixels& b) {
  double difference = 0.0;
  for (std::size_t i = 0; i < a.bytes.size(); ++i) difference += std::abs(a.bytes[i] - b.bytes[i]);
  return difference / static_cast<double>(a.bytes.size()) < 8.0;
}

}  // namespace

const std::string& glyph_characters() {
  static const std::string all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  return all;
}

GlyphFace describe_face(const Font& font) {
  const auto characters = inked(font);
  GlyphFace face;
  face.name = font.family() + (font.style().empty() || font.style() == "Regular" ? "" : " " + font.style());
  face.blank = static_cast<int>(glyph_characters().size() - characters.size());
  const auto small = characters.find('a'), capital = characters.find('A');
  face.has_two_cases = small == characters.end() || capital == characters.end() || !look_alike(alone(font, small->second), alone(font, capital->second));
  return face;
}

void draw_glyphs(const Font& font, int size_px, const std::function<bool(char, data::Pixels)>& take) {
  const auto characters = inked(font);
  if (characters.empty()) return;
  double top = -1e9, bottom = 1e9, width = 0.0;
  for (const auto& [c, ink] : characters) {
    top = std::max(top, ink.box.top);
    bottom = std::min(bottom, ink.box.bottom);
    width = std::max(width, ink.box.right - ink.box.left);
  }
  const double room = size_px * (1.0 - 2.0 * margin);
  const double scale = room / std::max(top - bottom, width);
  const double baseline = (size_px + (top + bottom) * scale) / 2.0;
  for (const char c : glyph_characters()) {
    const auto found = characters.find(c);
    if (found == characters.end()) {
      if (!take(c, {})) return;
      continue;
    }
    const Ink& ink = found->second;
    data::Pixels grey(size_px, size_px, 1);
    std::fill(grey.bytes.begin(), grey.bytes.end(), std::uint8_t{255});
    font.draw(ink.glyph, trial_ppem * scale, (size_px - (ink.box.left + ink.box.right) * scale) / 2.0, baseline, grey);
    data::Pixels out(size_px, size_px, 3);
    for (std::size_t i = 0; i < grey.bytes.size(); ++i) std::fill_n(out.bytes.data() + 3 * i, 3, grey.bytes[i]);
    if (!take(c, std::move(out))) return;
  }
}

}  // namespace orrery::media
