// BMP, TGA and binary PPM/PGM, which libvips leaves to ImageMagick. The first two go through stb_image, which reads past the end of a cut-off
// file without a word, so that completeness is checked here first.
#pragma once

#include <string_view>

#include "engine/data/pixels.h"
#include "engine/media/file_type.h"

namespace orrery::media {

struct PlainSize { int width_px; int height_px; int channels; };
// Throws Error(bad_input) with the reason.
PlainSize plain_size(std::string_view bytes, FileType type);
// 1 to 4 channels as in the file. Throws Error(bad_input) with the reason, also when the file ends early.
data::Pixels decode_plain(std::string_view bytes, FileType type);

}  // namespace orrery::media
