// A finished picture as a QImage.
#pragma once

#include <QImage>

#include "engine/api/frame.h"

namespace orrery::ui {

// Shares the pixels (and keeps them alive) when they lie on the host; null for a picture on another device.
QImage imageOf(const DeviceImage& image);

}  // namespace orrery::ui
