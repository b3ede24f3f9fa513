#include "render/canvas/software_canvas.h"

#include <QPainter>
#include <algorithm>
#include <cmath>

namespace orrery::render {
namespace {

QImage difference(const QImage& a, const QImage& b, double gain) {
  const QImage other = b.size() == a.size()
                           ? b
                           : b.scaled(a.size(), Qt::IgnoreAspectRatio, Qt::SmoothTransformation).convertToFormat(QImage::Format_RGBA8888);
  QImage out(a.size(), QImage::Format_RGBA8888);
  for (int y = 0; y < a.height(); ++y) {
    const uchar* pa = a.constScanLine(y);
    const uchar* pb = other.constScanLine(y);
    uchar* po = out.scanLine(y);
    for (int i = 0; i < a.width() * 4; ++i) po[i] = i % 4 == 3 ? 255 : static_cast<uchar>(std::min(255.0, std::abs(pa[i] - pb[i]) * gain));
  }
  return out;
}

}  // namespace

void SoftwareCanvas::setPicture(int slot, const DeviceImage& image) {
  if (image.where != DeviceImage::Where::host || !image.data || image.width_px <= 0 || image.height_px <= 0) return;
  auto* keep = new std::shared_ptr<const void>(image.keep_alive);
  pictures_[slot] = QImage(
      static_cast<const uchar*>(image.data), image.width_px, image.height_px, static_cast<qsizetype>(image.stride_bytes),
      QImage::Format_RGBA8888, [](void* held) { delete static_cast<std::shared_ptr<const void>*>(held); }, keep);
}

QSize SoftwareCanvas::pictureSize(int slot) const { return picture(slot).size(); }

const QImage& SoftwareCanvas::picture(int slot) const {
  static const QImage none;
  const auto found = pictures_.find(slot);
  return found == pictures_.end() ? none : found->second;
}

void SoftwareCanvas::drawPicture(QPainter& painter, const Scene& scene, const SceneItem& item, const QRectF& clip,
                                 const QImage& picture) const {
  if (picture.isNull()) return;
  painter.save();
  const QRectF rect = item.transform.pictureRect();
  painter.setClipRect(clip & rect);
  if (picture.hasAlphaChannel()) {
    const double cell = 8.0 * scene.device_pixel_ratio;
    QImage tile(2, 2, QImage::Format_RGB32);
    tile.setPixelColor(0, 0, scene.checker_a), tile.setPixelColor(1, 1, scene.checker_a);
    tile.setPixelColor(1, 0, scene.checker_b), tile.setPixelColor(0, 1, scene.checker_b);
    QBrush checker(tile);
    checker.setTransform(QTransform::fromScale(cell, cell));
    painter.fillRect(clip & rect, checker);
  }
  const double scale = item.transform.scale();
  painter.setRenderHint(QPainter::SmoothPixmapTransform, scale < 1.0 || (scene.smooth && scale > 1.0));
  if (scale < 0.5) {
    // QPainter only mixes neighbours; a real average needs the picture made smaller first.
    painter.drawImage(rect.topLeft(), picture.scaled(rect.size().toSize(), Qt::IgnoreAspectRatio, Qt::SmoothTransformation));
  } else {
    painter.drawImage(rect, picture);
  }
  if (item.transform.showsPixelGrid()) {
    painter.setPen(QPen(QColor(128, 128, 128, 70), 0));
    const QRectF seen = clip & rect;
    for (double x = rect.left() + std::ceil((seen.left() - rect.left()) / scale) * scale; x <= seen.right(); x += scale)
      painter.drawLine(QPointF(x, seen.top()), QPointF(x, seen.bottom()));
    for (double y = rect.top() + std::ceil((seen.top() - rect.top()) / scale) * scale; y <= seen.bottom(); y += scale)
      painter.drawLine(QPointF(seen.left(), y), QPointF(seen.right(), y));
  }
  painter.restore();
}

void SoftwareCanvas::draw(QPainter& painter, const Scene& scene) const {
  painter.fillRect(painter.transform().inverted().mapRect(QRectF(painter.viewport())), scene.background);
  for (const auto& item : scene.items) {
    const QRectF view = item.transform.view();
    const QImage& a = picture(item.slot_a);
    if (item.blend == Blend::wipe && item.slot_b >= 0) {
      const double x = std::round(view.left() + view.width() * std::clamp(item.wipe, 0.0, 1.0));
      drawPicture(painter, scene, item, QRectF(view.topLeft(), QPointF(x, view.bottom())), a);
      drawPicture(painter, scene, item, QRectF(QPointF(x, view.top()), view.bottomRight()), picture(item.slot_b));
      painter.fillRect(QRectF(x - 0.5 * scene.device_pixel_ratio, view.top(), scene.device_pixel_ratio, view.height()), scene.divider);
    } else if (item.blend == Blend::difference && item.slot_b >= 0 && !a.isNull() && !picture(item.slot_b).isNull()) {
      drawPicture(painter, scene, item, view, difference(a, picture(item.slot_b), scene.difference_gain));
    } else {
      drawPicture(painter, scene, item, view, a);
    }
    if (item.outlined) {
      painter.setPen(QPen(scene.outline, scene.device_pixel_ratio));
      painter.setBrush(Qt::NoBrush);
      const double half = scene.device_pixel_ratio / 2;
      painter.drawRect(view.adjusted(half, half, -half, -half));
    }
  }
}

}  // namespace orrery::render
