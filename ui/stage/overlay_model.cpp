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

QRectF OverlayTokens::cardRect(double text_width, double line_height) const {
  const double width = std::max(text_width, 140.0) + 16.0;
  const double height = 10.0 + static_cast<double>(lines.size()) * line_height + (candidates.empty() ? 0.0 : 4.0) + static_cast<double>(candidates.size()) * (kTokenPatchSide + 3.0);
  const QRectF cell = hovered.empty() ? QRectF(within.topLeft(), QSizeF()) : cellRect(hovered.front()).united(cellRect(hovered.back()));
  QRectF card(QPointF(cell.right() + 12.0, cell.top()), QSizeF(width, height));
  if (card.right() > within.right() - 6.0) card.moveRight(cell.left() - 12.0);
  if (card.bottom() > within.bottom() - 6.0) card.moveBottom(within.bottom() - 6.0);
  card.moveTopLeft({std::max(within.left() + 6.0, card.left()), std::max(within.top() + 6.0, card.top())});
  return card;
}

QRectF OverlayTokens::candidateRect(const QRectF& card, int index, double line_height) const {
  const double top = card.top() + 9.0 + static_cast<double>(lines.size()) * line_height + index * (kTokenPatchSide + 3.0);
  return {card.left() + 8.0, top, card.width() - 16.0, kTokenPatchSide};
}

QColor heatColor(double heat, const QColor& accent) {
  const double t = std::clamp(heat, 0.0, 1.0);
  const auto between = [t](int from, int to) { return static_cast<int>(from + (to - from) * t); };
  return QColor(between(16, accent.red()), between(18, accent.green()), between(44, accent.blue()));
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
