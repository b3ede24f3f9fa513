// Pictures that are values of controls (ControlKind::photo, mask): "data:image/png;base64,..." to and from a QImage.
#pragma once

#include <QImage>
#include <string>

#include "engine/api/value.h"

namespace orrery::ui {

// Null for an empty value, and for one that is no picture (whoever renders it says why). RGB888, or Grayscale8 for a grey one.
QImage imageOfValue(const Value& value);
// Grayscale8 becomes a grey PNG, everything else RGB.
std::string valueOfImage(const QImage& image);

}  // namespace orrery::ui
