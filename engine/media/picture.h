// The one door for pictures from outside: any file to sRGB, 8 bits, at the size of the store. libvips and stb_image are behind it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/api/dataset.h"
#include "engine/data/pixels.h"

namespace orrery::media {

// Upright, colours converted to sRGB, transparency on white, first frame of an animation; `notes` say what a person may want to know of
// that. `crop` fills the square and cuts off equally on both sides, `pad` shows all on white, `stretch` changes the proportions.
struct Picture {
  data::Pixels pixels;             // RGB, size_px x size_px
  std::vector<std::string> notes;  // "transparency put on white"
};

struct PictureLimits {
  std::uint64_t pixels = 200'000'000;
  std::uint64_t file_bytes = std::uint64_t{128} << 20;
  std::uint64_t memory_bytes = std::uint64_t{320} << 20;  // the file and what its decoder must hold at once
};

// `bytes` is the whole file, `name` its name: a file whose name claims another format than its content is refused, never guessed.
// Large pictures wait for each other. Thread-safe. Throws Error(bad_input) whose sentence is the reason alone ("it is empty").
Picture decode_picture(std::string_view bytes, std::string_view name, int size_px, Fit fit, const PictureLimits& limits = {});
// The same fit for pixels that are already here (frames of a film).
data::Pixels fit_pixels(const data::Pixels& pixels, int size_px, Fit fit);

// Width and height from the header, upright. Throws like decode_picture.
struct PictureSize { int width_px; int height_px; };
PictureSize picture_size(std::string_view bytes, std::string_view name);
// The whole picture at its own size, RGB: for what is cut into crops. Throws like decode_picture.
data::Pixels decode_whole(std::string_view bytes, std::string_view name, const PictureLimits& limits = {});

// A thread that has decoded pictures calls this before it ends, so that libvips frees what it kept for it.
void end_picture_thread();

}  // namespace orrery::media
