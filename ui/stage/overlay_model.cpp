#include "ui/stage/overlay_model.h"

#include <algorithm>

namespace orrery::ui {

QRectF chipRect(const OverlayChip& chip, const QSizeF& text_size) {
  constexpr double kMargin = 10.0;
  const QSizeF size(text_size.width() + 16.0, text_size.height() + 10.0);
  const QRectF& in = chip.within;
  switch (chip.corner) {
    case OverlayChip::Corner::bottom_left:
      return {QPointF(in.left() + kMargin, in.bottom() - kMargin - size.height()), size};
    case OverlayChip::Corner::top_left:
      return {QPointF(in.left() + kMargin, in.top() + kMargin), size};
    case OverlayChip::Corner::top_right:
      return {QPointF(in.right() - kMargin - size.width(), in.top() + kMargin), size};
    case OverlayChip::Corner::top_middle:
      return {QPointF(in.center().x() - size.width() / 2, in.top() + kMargin), size};
    case OverlayChip::Corner::bottom_middle:
      return {QPointF(in.center().x() - size.width() / 2, in.bottom() - kMargin - size.height()), size};
    case OverlayChip::Corner::middle:
      return {in.center() - QPointF(size.width() / 2, size.height() / 2), size};
  }
  return {in.topLeft(), size};
}

std::vector<QRectF> OverlayMask::runs() const {
  std::vector<QRectF> rects;
  if (mask.isNull()) return rects;
  const double w = picture.width() / mask.width(), h = picture.height() / mask.height();
  for (int y = 0; y < mask.height(); ++y) {
    const uchar* row = mask.constScanLine(y);
    for (int x = 0; x < mask.width();) {
      int end = x;
      while (end < mask.width() && row[end] >= 128) ++end;
      if (end > x) rects.emplace_back(picture.left() + x * w, picture.top() + y * h, (end - x) * w, h);
      x = end + 1;
    }
  }
  return rects;
}

std::vector<QLineF> OverlayMask::edges() const {
  std::vector<QLineF> lines;
  if (mask.isNull()) return lines;
  const double w = picture.width() / mask.width(), h = picture.height() / mask.height();
  const auto set = [&](int x, int y) { return mask.rect().contains(x, y) && mask.constScanLine(y)[x] >= 128; };
  const auto at = [&](int x, int y) { return picture.topLeft() + QPointF(x * w, y * h); };
  for (int y = 0; y <= mask.height(); ++y) {
    for (int x = 0; x <= mask.width(); ++x) {
      if (set(x, y) != set(x, y - 1)) lines.emplace_back(at(x, y), at(x + 1, y));
      if (set(x, y) != set(x - 1, y)) lines.emplace_back(at(x, y), at(x, y + 1));
    }
  }
  return lines;
}

QRectF lensRect(const OverlayLens& lens) {
  // Beside the cursor, on the side where there is room.
  constexpr double kAway = 22.0;
  QRectF rect(lens.cursor + QPointF(kAway, kAway), QSizeF(kLensSide, kLensSide + 24.0));
  if (rect.right() > lens.within.right()) rect.moveRight(lens.cursor.x() - kAway);
  if (rect.bottom() > lens.within.bottom()) rect.moveBottom(lens.cursor.y() - kAway);
  rect.moveTopLeft({std::max(lens.within.left(), rect.left()), std::max(lens.within.top(), rect.top())});
  return rect;
}

}  // namespace orrery::ui
