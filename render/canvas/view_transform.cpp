#include "render/canvas/view_transform.h"

#include <algorithm>
#include <cmath>

namespace orrery::render {

void ViewTransform::setView(const QRectF& view_px) {
  view_ = view_px;
  if (fitting_) scale_ = fitScale();
}

void ViewTransform::setPicture(const QSizeF& picture_px) {
  if (picture_px == picture_ || picture_px.isEmpty()) return;
  picture_ = picture_px;
  if (fitting_) scale_ = fitScale();
}

double ViewTransform::fitScale() const {
  const double scale = std::min(view_.width() / picture_.width(), view_.height() / picture_.height());
  // Equal squares for every pixel, where the loss of room is small.
  const double whole = std::floor(scale);
  if (scale > 1.0 && whole / scale > 0.88) return whole;
  return std::clamp(scale, kMinScale, kMaxScale);
}

void ViewTransform::fit() {
  fitting_ = true;
  centre_ = {0.5, 0.5};
  scale_ = fitScale();
}

void ViewTransform::fillView() {
  fitting_ = false;
  centre_ = {0.5, 0.5};
  scale_ = std::clamp(std::min(view_.width() / picture_.width(), view_.height() / picture_.height()), kMinScale, kMaxScale);
}

void ViewTransform::oneToOne() {
  fitting_ = false;
  scale_ = 1.0;
  keepInSight();
}

void ViewTransform::zoomAt(const QPointF& point_px, double factor) {
  const QPointF fixed = toPicture(point_px);
  scale_ = std::clamp(scale_ * factor, kMinScale, kMaxScale);
  fitting_ = false;
  const QPointF from_middle = point_px - view_.center();
  centre_ = {(fixed.x() - from_middle.x() / scale_) / picture_.width(), (fixed.y() - from_middle.y() / scale_) / picture_.height()};
  keepInSight();
}

void ViewTransform::panBy(const QPointF& delta_px) {
  fitting_ = false;
  centre_ -= QPointF(delta_px.x() / (scale_ * picture_.width()), delta_px.y() / (scale_ * picture_.height()));
  keepInSight();
}

void ViewTransform::keepInSight() {
  // Some of the picture always stays under the view's middle.
  centre_ = {std::clamp(centre_.x(), 0.0, 1.0), std::clamp(centre_.y(), 0.0, 1.0)};
}

QRectF ViewTransform::pictureRect() const {
  const QSizeF size = picture_ * scale_;
  QPointF corner = view_.center() - QPointF(centre_.x() * size.width(), centre_.y() * size.height());
  if (scale_ >= 1.0) corner = {std::round(corner.x()), std::round(corner.y())};  // pixels on pixels
  return {corner, size};
}

QPointF ViewTransform::toPicture(const QPointF& point_px) const { return (point_px - pictureRect().topLeft()) / scale_; }

QPointF ViewTransform::toCanvas(const QPointF& picture_px) const { return pictureRect().topLeft() + picture_px * scale_; }

bool ViewTransform::showsPixelGrid() const {
  const QRectF rect = pictureRect();
  return scale_ > 8.0 && (rect.width() > view_.width() + 0.5 || rect.height() > view_.height() + 0.5);
}

}  // namespace orrery::render
