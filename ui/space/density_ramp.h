// The colours of a density: from the stage's background upwards, in steps that look equal (lightness even in OKLab, Ottosson 2020), away from the
// blue of particles. One ramp for the dark theme, one for the light.
#pragma once

#include <QColor>
#include <array>

namespace orrery::ui {

constexpr int kRampSteps = 256;

struct OkLab {
  double l = 0.0, a = 0.0, b = 0.0;
};
OkLab okLabOf(const QColor& color);
QColor colorOf(const OkLab& lab);  // clipped to sRGB

// The first entry is the background itself.
const std::array<QRgb, kRampSteps>& densityRamp(bool dark);
QColor planeBackground(bool dark);

}  // namespace orrery::ui
