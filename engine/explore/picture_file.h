// Picture files as values of controls: what a person drops or names becomes text (engine/explore/picture_value.h).
#pragma once

#include <string>

#include "engine/api/studio.h"

namespace orrery {

// The file at the size of a model's pictures, cropped to its proportions, upright and in sRGB: RGB for ControlKind::photo, grey for mask. Every
// format that imports take (builds without importers: PNG). Throws Error(bad_input): no such file, not a picture, damaged, larger than
// importers take, or less than 8 pixels a side.
std::string picture_value_of_file(const std::string& path, ControlKind kind, int width_px, int height_px);

class PictureReader : public Pictures {
 public:
  Result<std::string> value_of_file(const std::string& path, ControlKind kind, int width_px, int height_px) const override;
};

}  // namespace orrery
