// builtin:photos, crops of the photographs in two Debian packages.
#pragma once

#include <string>

#include "engine/data/pixels.h"

namespace orrery::media {

extern const char* const photo_packages;
// Cuts every photograph into squares that do not overlap, each of `size_px` of its own pixels (at least 64, made smaller if need be), and
// keeps those with detail, into a store at `path`; caption = what the photograph shows, tag "photograph" = which one: split by it, never by
// crop. Counted are photographs' squares. Throws Error(bad_input) naming the packages to install.
void write_photo_store(const std::string& path, int size_px);

// How much there is to see: the mean absolute step between neighbouring pixels' brightness, 0..255.
double detail_of(const data::Pixels& rgb);
// "EgeskovSlotSpejling_background" -> "Egeskov Slot Spejling"
std::string title_of(const std::string& file_name);

}  // namespace orrery::media
