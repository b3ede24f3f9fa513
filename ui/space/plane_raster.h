// Thousands of dots and thin lines into a QImage, fast enough to do anew in every frame: coverage is computed per pixel, colours are laid over.
#pragma once

#include <QImage>
#include <QPointF>

namespace orrery::ui {

class PlaneRaster {
 public:
  // image: RGB32, device pixels; it must outlive the raster.
  explicit PlaneRaster(QImage& image);
  // alpha 0 to 1. What is outside the image or not finite is left out.
  void dot(const QPointF& at, double radius_px, QRgb color, double alpha);
  void line(const QPointF& from, const QPointF& to, QRgb color, double alpha);  // about one pixel wide
  // Like line, from alpha to alpha.
  void fadingLine(const QPointF& from, const QPointF& to, QRgb color, double alpha_from, double alpha_to);

 private:
  void lay(int x, int y, QRgb color, double alpha);

  QRgb* pixels_;
  int width_, height_, stride_;
};

}  // namespace orrery::ui
