#include "ui/space/plane_raster.h"

#include <algorithm>
#include <cmath>

namespace orrery::ui {

PlaneRaster::PlaneRaster(QImage& image)
    : pixels_(reinterpret_cast<QRgb*>(image.bits())), width_(image.width()), height_(image.height()), stride_(static_cast<int>(image.bytesPerLine() / 4)) {}

void PlaneRaster::lay(int x, int y, QRgb color, double alpha) {
  if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
  QRgb& under = pixels_[static_cast<std::ptrdiff_t>(y) * stride_ + x];
  const int a = static_cast<int>(alpha * 256.0), rest = 256 - a;
  under = qRgb((qRed(color) * a + qRed(under) * rest) >> 8, (qGreen(color) * a + qGreen(under) * rest) >> 8, (qBlue(color) * a + qBlue(under) * rest) >> 8);
}

void PlaneRaster::dot(const QPointF& at, double radius, QRgb color, double alpha) {
  if (!(std::abs(at.x()) < 1e6 && std::abs(at.y()) < 1e6)) return;
  const int left = static_cast<int>(std::floor(at.x() - radius - 0.5)), right = static_cast<int>(std::ceil(at.x() + radius + 0.5));
  const int top = static_cast<int>(std::floor(at.y() - radius - 0.5)), bottom = static_cast<int>(std::ceil(at.y() + radius + 0.5));
  if (right < 0 || bottom < 0 || left >= width_ || top >= height_) return;
  for (int y = top; y <= bottom; ++y) {
    for (int x = left; x <= right; ++x) {
      const double dx = x + 0.5 - at.x(), dy = y + 0.5 - at.y();
      const double covered = radius + 0.5 - std::sqrt(dx * dx + dy * dy);
      if (covered > 0.0) lay(x, y, color, alpha * std::min(covered, 1.0));
    }
  }
}

void PlaneRaster::line(const QPointF& from, const QPointF& to, QRgb color, double alpha) { fadingLine(from, to, color, alpha, alpha); }

void PlaneRaster::fadingLine(const QPointF& from, const QPointF& to, QRgb color, double alpha_from, double alpha_to) {
  double x0 = from.x() - 0.5, y0 = from.y() - 0.5, x1 = to.x() - 0.5, y1 = to.y() - 0.5;
  if (!(std::abs(x0) < 1e6 && std::abs(y0) < 1e6 && std::abs(x1) < 1e6 && std::abs(y1) < 1e6)) return;
  const bool steep = std::abs(y1 - y0) > std::abs(x1 - x0);
  if (steep) std::swap(x0, y0), std::swap(x1, y1);
  if (x0 > x1) std::swap(x0, x1), std::swap(y0, y1), std::swap(alpha_from, alpha_to);
  const double length = x1 - x0;
  if (length < 1e-9) return;
  const double slope = (y1 - y0) / length;
  const int first = std::max(static_cast<int>(std::ceil(x0 - 0.5)), -1), last = std::min(static_cast<int>(std::floor(x1 + 0.5)), steep ? height_ : width_);
  for (int x = first; x <= last; ++x) {
    // Ends cover their pixels in part.
    const double covered = std::clamp(std::min(x + 0.5, x1) - std::max(x - 0.5, x0), 0.0, 1.0);
    const double y = y0 + slope * (x - x0), share = y - std::floor(y);
    const double alpha = covered * (alpha_from + (alpha_to - alpha_from) * std::clamp((x - x0) / length, 0.0, 1.0));
    const int row = static_cast<int>(std::floor(y));
    if (steep) {
      lay(row, x, color, alpha * (1.0 - share));
      lay(row + 1, x, color, alpha * share);
    } else {
      lay(x, row, color, alpha * (1.0 - share));
      lay(x, row + 1, color, alpha * share);
    }
  }
}

}  // namespace orrery::ui
