#include "ui/data/fit_geometry.h"

#include <QPainter>
#include <algorithm>

namespace orrery::ui {

FitGeometry fitGeometry(const QSize& picture_px, int size_px, Fit fit) {
  const double w = std::max(1, picture_px.width());
  const double h = std::max(1, picture_px.height());
  const double size = size_px;
  switch (fit) {
    case Fit::crop: {
      const double side = std::min(w, h);
      return {QRectF((w - side) / 2, (h - side) / 2, side, side), QRectF(0, 0, size, size)};
    }
    case Fit::pad: {
      const double scale = size / std::max(w, h);
      return {QRectF(0, 0, w, h), QRectF((size - w * scale) / 2, (size - h * scale) / 2, w * scale, h * scale)};
    }
    case Fit::stretch: break;
  }
  return {QRectF(0, 0, w, h), QRectF(0, 0, size, size)};
}

QImage fitted(const QImage& picture, int size_px, Fit fit) {
  const auto geometry = fitGeometry(picture.size(), size_px, fit);
  QImage square(size_px, size_px, QImage::Format_RGB32);
  square.fill(Qt::white);
  // Smooth scaling by QImage averages over areas; QPainter's own would sample four pixels only.
  const QRect source = geometry.source.toAlignedRect().intersected(picture.rect());
  const QRect target = geometry.target.toRect();
  QPainter painter(&square);
  painter.drawImage(target.topLeft(), picture.copy(source).scaled(target.size().expandedTo({1, 1}), Qt::IgnoreAspectRatio, Qt::SmoothTransformation));
  return square;
}

}  // namespace orrery::ui
