// The picture's spectrum: what the Fourier transform says of its textures. Grids and rings that a network leaves in every picture show here
// long before the eye finds them in the picture itself.
#pragma once

#include <QImage>

namespace orrery::ui {

inline constexpr double kSpectrumFloor_dB = -90.0;

// Power of the picture's luminance under a Hann window, zero frequency in the middle, the edges at half a cycle per pixel; logarithmic from
// kSpectrumFloor_dB to 0 dB (the strongest frequency but the mean), as colours from dark to light. Sides that are no powers of two are padded to
// the next one; sides over 1,024 px are halved until they fit. RGBA8888; null for a null picture.
QImage spectrumOf(const QImage& picture);

}  // namespace orrery::ui
