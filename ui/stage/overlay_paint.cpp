#include <QImage>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "ui/stage/overlay_draw.h"

namespace orrery::ui {
namespace {

QColor faded(QColor color, double opacity) {
  color.setAlphaF(static_cast<float>(std::min(1.0, color.alphaF() * opacity)));
  return color;
}

void paintMask(QPainter& painter, const OverlayMask& mask) {
  painter.save();
  painter.setClipRect(mask.within);
  painter.setRenderHint(QPainter::Antialiasing, false);
  const QColor paint(kMaskPaint), erase(kMaskErase);
  for (const QRectF& run : mask.runs()) painter.fillRect(run, faded(paint, mask.painting ? 0.4 : 0.22));
  painter.setPen(QPen(faded(paint, 0.9), 1));
  const auto edges = mask.edges();
  painter.drawLines(edges.data(), static_cast<int>(edges.size()));
  if (mask.brush) {
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setBrush(Qt::NoBrush);
    const double radius = std::max(2.0, mask.radius_px);
    painter.setPen(QPen(faded(Qt::black, 0.5), 3));
    painter.drawEllipse(mask.cursor, radius, radius);
    painter.setPen(QPen(mask.erases ? erase : paint, 1.5));
    painter.drawEllipse(mask.cursor, radius, radius);
  }
  painter.restore();
}

void paintTokens(QPainter& painter, const OverlayTokens& tokens, const OverlayModel& model) {
  painter.save();
  painter.setClipRect(tokens.within);
  painter.setRenderHint(QPainter::Antialiasing, false);
  for (int i = 0; i < static_cast<int>(tokens.cells.size()); ++i) {
    const auto& cell = tokens.cells[static_cast<std::size_t>(i)];
    const QRectF rect = tokens.cellRect(i);
    if (cell.heat >= 0.0) painter.fillRect(rect, faded(heatColor(cell.heat, model.accent), 0.72));
    if (cell.masked) painter.fillRect(rect, faded(model.back, 0.6));
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(faded(Qt::white, 0.22), 1));
    painter.drawRect(rect);
  }
  for (int i = 0; i < static_cast<int>(tokens.cells.size()); ++i) {
    const auto& cell = tokens.cells[static_cast<std::size_t>(i)];
    const QRectF rect = tokens.cellRect(i);
    if (cell.pinned) {
      painter.setPen(QPen(model.accent, 2));
      painter.drawRect(rect.adjusted(2, 2, -1, -1));
      painter.fillRect(QRectF(rect.topLeft() + QPointF(4, 4), QSizeF(5, 5)), model.accent);
    }
    if (cell.marked) {
      painter.setPen(QPen(faded(Qt::white, 0.9), 1));
      painter.drawRect(rect.adjusted(4, 4, -3, -3));
    }
  }
  painter.setPen(QPen(model.text, 1.5));
  for (const int i : tokens.hovered) painter.drawRect(tokens.cellRect(i));
  painter.restore();
}

void paintTokenCard(QPainter& painter, const OverlayTokens& tokens, const OverlayModel& model, const QImage& atlas) {
  if (tokens.hovered.empty() || tokens.lines.isEmpty()) return;
  const QFontMetricsF metrics(painter.font());
  double wide = 0.0;
  for (const auto& line : tokens.lines) wide = std::max(wide, metrics.horizontalAdvance(line));
  const QRectF card = tokens.cardRect(wide, metrics.height());
  painter.setPen(Qt::NoPen);
  painter.setBrush(model.back);
  painter.drawRoundedRect(card, 6, 6);
  double y = card.top() + 5 + metrics.ascent();
  for (int i = 0; i < tokens.lines.size(); ++i, y += metrics.height()) {
    painter.setPen(i == 0 ? model.text : model.dim);
    painter.drawText(QPointF(card.left() + 8, y), tokens.lines[i]);
  }
  for (int i = 0; i < static_cast<int>(tokens.candidates.size()); ++i) {
    const auto& candidate = tokens.candidates[static_cast<std::size_t>(i)];
    const QRectF rect = tokens.candidateRect(card, i, metrics.height());
    const QRectF bar(rect.left() + kTokenPatchSide + 6.0, rect.bottom() - 4.0, rect.width() - kTokenPatchSide - 6.0, 3.0);
    if (!atlas.isNull()) painter.drawImage(QRectF(rect.topLeft(), QSizeF(kTokenPatchSide, kTokenPatchSide)), atlas, tokens.patchOf(candidate.code));
    painter.setPen(model.text);
    painter.drawText(QPointF(bar.left(), rect.top() + metrics.ascent()), candidate.text);
    painter.fillRect(bar, faded(model.dim, 0.25));
    painter.fillRect(QRectF(bar.topLeft(), QSizeF(std::max(1.0, bar.width() * candidate.probability), bar.height())), model.accent);
  }
}

}  // namespace

void paintOverlay(QPainter& painter, const OverlayModel& model, const std::function<QImage(int)>& picture) {
  painter.setRenderHint(QPainter::Antialiasing);
  if (model.mask) paintMask(painter, *model.mask);
  if (model.tokens) paintTokens(painter, *model.tokens, model);
  const QFontMetricsF metrics(painter.font());
  for (const auto& chip : model.chips) {
    QSizeF size;
    for (const auto& line : chip.lines) size = {std::max(size.width(), metrics.horizontalAdvance(line)), size.height() + metrics.height()};
    const QRectF rect = chipRect(chip, size);
    painter.setPen(Qt::NoPen);
    painter.setBrush(faded(model.back, chip.opacity));
    painter.drawRoundedRect(rect, 5, 5);
    double y = rect.top() + 5 + metrics.ascent();
    for (int i = 0; i < chip.lines.size(); ++i, y += metrics.height()) {
      painter.setPen(faded(i == 0 ? model.text : model.dim, chip.opacity));
      painter.drawText(QPointF(rect.left() + 8, y), chip.lines[i]);
    }
  }
  if (model.tokens) paintTokenCard(painter, *model.tokens, model, model.tokens->atlas_slot >= 0 ? picture(model.tokens->atlas_slot) : QImage());
  if (model.pad) {
    const OverlayPad& pad = *model.pad;
    painter.save();
    painter.setPen(Qt::NoPen);
    painter.setBrush(faded(model.back, pad.opacity));
    painter.drawRoundedRect(pad.rect, 6, 6);
    painter.setClipRect(pad.rect);
    painter.setBrush(faded(model.dim, 0.75 * pad.opacity));
    const double half = pad.seeds_across / 2;
    for (double sx = std::ceil(pad.x - half); sx <= pad.x + half; sx += 1.0) {
      for (double sy = std::ceil(pad.y - half); sy <= pad.y + half; sy += 1.0) painter.drawEllipse(pad.toPx({sx, sy}), 1.6, 1.6);
    }
    painter.setPen(QPen(faded(model.accent, 0.6 * pad.opacity), 1.5));
    for (std::size_t i = 1; i < pad.trail.size(); ++i) painter.drawLine(pad.toPx(pad.trail[i - 1]), pad.toPx(pad.trail[i]));
    for (const auto& [number, place] : pad.marks) {
      const QPointF middle = pad.toPx(place);
      painter.setPen(Qt::NoPen);
      painter.setBrush(faded(model.accent, 0.25 * pad.opacity));
      painter.drawEllipse(middle, 8, 8);
      painter.setPen(faded(model.text, pad.opacity));
      painter.drawText(QRectF(middle - QPointF(8, 8), QSizeF(16, 16)), Qt::AlignCenter, QString::number(number));
    }
    painter.setPen(Qt::NoPen);
    painter.setBrush(faded(model.accent, pad.opacity));
    painter.drawEllipse(pad.rect.center(), 5, 5);
    painter.restore();
  }
  if (model.lens) {
    const OverlayLens& lens = *model.lens;
    const QRectF rect = lensRect(lens);
    painter.setPen(Qt::NoPen);
    painter.setBrush(model.back);
    painter.drawRoundedRect(rect, 6, 6);
    const double cell = kLensSide / kLensPixels;
    const QPointF first =
        QPointF(std::floor(lens.picture_px.x()), std::floor(lens.picture_px.y())) - QPointF(kLensPixels / 2, kLensPixels / 2);
    const QRectF wanted(first, QSizeF(kLensPixels, kLensPixels));
    const QRectF shown = wanted & QRectF(QPointF(0, 0), QSizeF(lens.picture_size));
    painter.setRenderHint(QPainter::SmoothPixmapTransform, false);
    if (!shown.isEmpty())
      painter.drawImage(QRectF(rect.topLeft() + (shown.topLeft() - wanted.topLeft()) * cell, shown.size() * cell), picture(lens.slot),
                        shown);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(model.accent, 1));
    painter.drawRect(QRectF(rect.topLeft() + QPointF(kLensPixels / 2, kLensPixels / 2) * cell, QSizeF(cell, cell)));
    painter.setPen(model.text);
    painter.drawText(QRectF(rect.left(), rect.top() + kLensSide, rect.width(), 24), Qt::AlignCenter, lens.text);
  }
}

}  // namespace orrery::ui
