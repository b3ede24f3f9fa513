// Resizing small pictures by plain formulas, for what this program draws itself (emoji, crops). Photographs go through libvips.
#pragma once

#include "engine/data/pixels.h"

namespace orrery::media {

// Smaller: area filter (each new pixel is the mean of the old area it covers). Larger: linear interpolation. Separable, per axis.
data::Pixels resample(const data::Pixels& pixels, int width_px, int height_px);

}  // namespace orrery::media
