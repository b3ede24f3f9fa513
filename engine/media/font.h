// Glyphs of a font file, through FreeType, chosen by HarfBuzz.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/data/pixels.h"

namespace orrery::media {

class Font {
 public:
  // `bytes` is the whole file. Throws Error(bad_input).
  Font(std::string bytes, int face_index = 0);
  ~Font();
  Font(const Font&) = delete;
  Font& operator=(const Font&) = delete;

  int face_count() const;
  std::string family() const;  // "Lato", readable
  std::string style() const;   // "Bold Italic"
  bool has_colour_pictures() const;

  // The one glyph that a sequence of code points is drawn with; nullopt when the font has none or needs several.
  std::optional<std::uint32_t> shape(const std::vector<std::uint32_t>& code_points) const;
  // A colour glyph of the font's largest strike, centred on a white square of `side_px`. Throws Error(bad_input).
  data::Pixels colour_picture(std::uint32_t glyph, int side_px) const;

  // Ink box of an outline at `ppem` pixels per em, in pixels, y upwards; nullopt for blank glyphs.
  struct Box { double left, bottom, right, top; };
  std::optional<Box> ink(std::uint32_t glyph, double ppem) const;
  // Draws an outline black on white, grey (1 channel), its origin at (x, baseline) from the top left.
  void draw(std::uint32_t glyph, double ppem, double x_px, double baseline_px, data::Pixels& onto) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace orrery::media
