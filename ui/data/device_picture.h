// A finished picture of the engine as a QImage.
#pragma once

#include <QImage>

#include "engine/api/frame.h"

namespace orrery::ui {

// A deep copy. Null for pictures that lie on a CUDA device or are empty. Rows of three bytes a pixel count as RGB, of four as RGBA.
QImage imageOf(const DeviceImage& picture);

}  // namespace orrery::ui
