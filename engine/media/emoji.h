// builtin:emoji, from Debian's fonts-noto-color-emoji and unicode-data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace orrery::media {

struct Emoji {
  std::vector<std::uint32_t> code_points;
  std::string group, subgroup, name;  // "Smileys & Emotion", "face-smiling", "grinning face"
  bool skin_tone = false;             // has a modifier U+1F3FB..U+1F3FF
};
// The fully-qualified sequences of an emoji-test.txt, in its order (Unicode Technical Standard 51).
std::vector<Emoji> parse_emoji_test(std::string_view text);

// Draws every emoji without skin tones at `size_px` into a store at `path`; class = group, caption = name, tag = subgroup. Sequences
// that the font draws alike are kept once. Throws Error(bad_input) naming the packages that are missing.
void write_emoji_store(const std::string& path, int size_px);

}  // namespace orrery::media
