#include "ui/space/density_ramp.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace orrery::ui {
namespace {

double linear(double v) { return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4); }
double encoded(double v) {
  v = std::clamp(v, 0.0, 1.0);
  return v <= 0.0031308 ? 12.92 * v : 1.055 * std::pow(v, 1.0 / 2.4) - 0.055;
}

std::array<QRgb, kRampSteps> rampThrough(const QColor& background, const std::vector<const char*>& hues, double last_l) {
  std::vector<OkLab> anchors{okLabOf(background)};
  for (const char* hue : hues) anchors.push_back(okLabOf(QColor(QLatin1String(hue))));
  std::array<QRgb, kRampSteps> ramp{};
  for (int i = 0; i < kRampSteps; ++i) {
    const double t = static_cast<double>(i) / (kRampSteps - 1), at = t * static_cast<double>(anchors.size() - 1);
    const auto from = std::min(static_cast<std::size_t>(at), anchors.size() - 2);
    const double u = at - static_cast<double>(from);
    OkLab lab;
    lab.l = anchors.front().l + (last_l - anchors.front().l) * t;
    lab.a = anchors[from].a + (anchors[from + 1].a - anchors[from].a) * u;
    lab.b = anchors[from].b + (anchors[from + 1].b - anchors[from].b) * u;
    ramp[static_cast<std::size_t>(i)] = colorOf(lab).rgb();
  }
  ramp.front() = background.rgb();
  return ramp;
}

}  // namespace

OkLab okLabOf(const QColor& color) {
  const double r = linear(color.redF()), g = linear(color.greenF()), b = linear(color.blueF());
  const double l = std::cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b), m = std::cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b),
               s = std::cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return {0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s, 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
          0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s};
}

QColor colorOf(const OkLab& lab) {
  const double l = std::pow(lab.l + 0.3963377774 * lab.a + 0.2158037573 * lab.b, 3.0), m = std::pow(lab.l - 0.1055613458 * lab.a - 0.0638541728 * lab.b, 3.0),
               s = std::pow(lab.l - 0.0894841775 * lab.a - 1.2914855480 * lab.b, 3.0);
  return QColor::fromRgbF(static_cast<float>(encoded(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s)),
                          static_cast<float>(encoded(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s)),
                          static_cast<float>(encoded(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)));
}

QColor planeBackground(bool dark) { return dark ? QColor(0x10, 0x12, 0x16) : QColor(0xf7, 0xf8, 0xfa); }

const std::array<QRgb, kRampSteps>& densityRamp(bool dark) {
  static const auto on_dark = rampThrough(planeBackground(true), {"#2a2c5c", "#53397f", "#8d4687", "#c05d76", "#d98a63"}, 0.66);
  static const auto on_light = rampThrough(planeBackground(false), {"#dcdcf4", "#cdbdea", "#d2a0d2", "#dd8aa8", "#e29078"}, 0.68);
  return dark ? on_dark : on_light;
}

}  // namespace orrery::ui
