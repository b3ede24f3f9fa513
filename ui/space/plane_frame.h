// Where the plane lies on the screen. Points are drawn scaled by s(sigma) = d / sqrt(d^2 + sigma^2), d the spread of the data: noise and data then
// fill the same room, and particles can be followed from the first step to the last. Unscaled, s = 1.
#pragma once

#include <QPointF>
#include <QSizeF>
#include <cmath>

#include "engine/api/space.h"

namespace orrery::ui {

struct PlaneFrame {
  static constexpr double kFitHalf = 1.32;  // of the shorter side, in drawn units

  QSizeF size_px{1.0, 1.0};
  QPointF middle{0.0, 0.0};  // of the view, drawn units
  double half = kFitHalf;    // of the shorter side

  double pxPerUnit() const { return 0.5 * std::min(size_px.width(), size_px.height()) / half; }
  QPointF toPixel(double x, double y) const {
    const double k = pxPerUnit();
    return {0.5 * size_px.width() + (x - middle.x()) * k, 0.5 * size_px.height() - (y - middle.y()) * k};
  }
  QPointF toPixel(const QPointF& at) const { return toPixel(at.x(), at.y()); }
  QPointF toPlane(const QPointF& px) const {
    const double k = pxPerUnit();
    return {middle.x() + (px.x() - 0.5 * size_px.width()) / k, middle.y() - (px.y() - 0.5 * size_px.height()) / k};
  }
  void zoomAt(const QPointF& px, double factor) {
    const QPointF held = toPlane(px);
    half = std::clamp(half / factor, 1e-3, 1e3);
    middle += held - toPlane(px);
  }
  void panBy(const QPointF& delta_px) { middle += QPointF(-delta_px.x(), delta_px.y()) / pxPerUnit(); }
  // What is seen, in the units of the data.
  SpaceArea area(double scale) const {
    const QPointF a = toPlane({0.0, size_px.height()}), b = toPlane({size_px.width(), 0.0});
    return {a.x() / scale, b.x() / scale, a.y() / scale, b.y() / scale};
  }
};

inline double drawnScale(double sigma, double spread, bool scaled) { return scaled ? spread / std::sqrt(spread * spread + sigma * sigma) : 1.0; }

}  // namespace orrery::ui
