// A picture of a store as a QImage. Stores may hand over three bytes a pixel where live frames have four.
#pragma once

#include <QImage>

#include "engine/api/frame.h"

namespace orrery::ui {

// A deep copy; null when there is none on the host.
QImage storePicture(const DeviceImage& picture);

}  // namespace orrery::ui
