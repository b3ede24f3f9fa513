// builtin:glyphs, from small Debian font packages.
#pragma once

#include <string>

namespace orrery::media {

extern const char* const glyph_packages;
// Letters and digits of every face at `size_px` into a store at `path`; class = character, tag = face. Left out are faces whose small and
// capital letters look alike, and characters drawn exactly like another face's. Throws Error(bad_input) naming the packages to install.
void write_glyph_store(const std::string& path, int size_px);

}  // namespace orrery::media
