// Letters and digits of fonts as pictures.
#pragma once

#include <functional>
#include <string>

#include "engine/data/pixels.h"
#include "engine/media/font.h"

namespace orrery::media {

// A-Z a-z 0-9
const std::string& glyph_characters();

struct GlyphFace {
  std::string name;            // "Lato Bold"
  bool has_two_cases = true;   // false: its `a` and `A` look alike
  int blank = 0;               // characters without ink, left out
};
// Draws every character black on white, RGB, all of a face to one scale: its ink fits the square with 8 % of margin, each character
// centred across, all on one baseline. Calls `take` for each, with empty pixels for one without ink; stops when it returns false. Calls
// it for none when no character has ink.
GlyphFace describe_face(const Font& font);
void draw_glyphs(const Font& font, int size_px, const std::function<bool(char character, data::Pixels pixels)>& take);

}  // namespace orrery::media
