#include "ui/space/space_canvas.h"

#include <QPainterPath>
#include <algorithm>
#include <cmath>

#include "ui/space/density_ramp.h"
#include "ui/space/plane_raster.h"
#include "ui/style/colors.h"
#include "ui/widgets/format.h"

namespace orrery::ui {
namespace {

constexpr std::size_t kMostTrails = 500;
constexpr double kTrailAlpha = 0.30;  // of the newest piece, shared out where trails are many

QRgb dataColor(bool dark) { return dark ? qRgb(0xc4, 0xca, 0xd6) : qRgb(0x4a, 0x52, 0x60); }

}  // namespace

QColor particleColor(const QColor& accent, bool dark) { return dark ? mixed(accent, Qt::white, 0.12) : mixed(accent, QColor(0x0a, 0x38, 0x6e), 0.55); }
QColor probeColor(bool dark) { return dark ? QColor(0xff, 0xd8, 0x6b) : QColor(0xb3, 0x5c, 0x00); }

std::vector<double> axisTicks(double from, double to, int wanted) {
  const double span = to - from;
  if (!(span > 0.0) || wanted < 1) return {};
  const double raw = span / wanted, power = std::pow(10.0, std::floor(std::log10(raw)));
  const double part = raw / power, step = power * (part < 1.5 ? 1.0 : part < 3.5 ? 2.0 : part < 7.5 ? 5.0 : 10.0);
  std::vector<double> ticks;
  for (double at = std::ceil(from / step) * step; at <= to + 1e-9 * step && ticks.size() < 100; at += step) ticks.push_back(std::abs(at) < 1e-9 * step ? 0.0 : at);
  return ticks;
}

const QImage& SpaceCanvas::draw(const QSize& size, const SpacePicture& p) {
  if (image_.size() != size) image_ = QImage(size, QImage::Format_RGB32);
  image_.fill(planeBackground(p.dark).rgb());
  {
    QPainter painter(&image_);
    if (p.layers.density && p.field) drawDensity(painter, p);
    if (p.axes) drawAxes(painter, p);
  }
  const auto scale_px = std::clamp(p.frame.half > 0.0 ? std::sqrt(PlaneFrame::kFitHalf / p.frame.half) : 1.0, 0.6, 2.2) * p.ratio;
  if (p.layers.data && p.data) {
    PlaneRaster raster(image_);
    const auto& points = p.data->points;
    for (std::size_t i = 0; i + 1 < points.size(); i += 2) raster.dot(p.frame.toPixel(points[i], points[i + 1]), 0.75 * scale_px, dataColor(p.dark), p.dark ? 0.30 : 0.34);
  }
  if ((p.layers.score || p.layers.motion) && p.field) {
    QPainter painter(&image_);
    painter.setRenderHint(QPainter::Antialiasing);
    drawField(painter, p);
  }
  if (p.particles && !p.particles->states.empty()) {
    if (p.layers.trails) drawTrails(p);
    if (p.layers.particles) {
      PlaneRaster raster(image_);
      const std::size_t count = p.particles->particles();
      const double radius = (count > 4000 ? 1.0 : count > 400 ? 1.55 : 2.4) * scale_px;
      const QRgb color = particleColor(p.accent, p.dark).rgb(), edge = planeBackground(p.dark).rgb();
      pixels_.clear();
      for (std::size_t i = 0; i < count; ++i) pixels_.push_back(p.frame.toPixel(p.particles->drawnAt(i, p.step, p.spread, p.layers.scaled)));
      for (const QPointF& at : pixels_) raster.dot(at, radius + 0.9 * p.ratio, edge, 0.35);
      for (const QPointF& at : pixels_) raster.dot(at, radius, color, 0.88);
    }
  }
  if (p.probes && !p.probes->empty()) {
    QPainter painter(&image_);
    painter.setRenderHint(QPainter::Antialiasing);
    drawProbes(painter, p);
  }
  return image_;
}

void SpaceCanvas::drawDensity(QPainter& painter, const SpacePicture& p) {
  const SpaceField& field = *p.field;
  const int columns = field.density_columns, rows = field.density_rows;
  if (columns < 1 || rows < 1 || field.density.size() != static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows)) return;
  if (heat_.size() != QSize(columns, rows)) heat_ = QImage(columns, rows, QImage::Format_RGB32);
  // Relative to nearly the largest value, so that one sharp peak does not darken the rest; the square root shows faint parts.
  std::vector<float> sorted(field.density);
  const auto high = sorted.begin() + static_cast<std::ptrdiff_t>(0.995 * static_cast<double>(sorted.size() - 1));
  std::nth_element(sorted.begin(), high, sorted.end());
  const double most = std::max<double>(*high, 0.35 * *std::max_element(high, sorted.end()));
  const auto& ramp = densityRamp(p.dark);
  for (int row = 0; row < rows; ++row) {
    auto* line = reinterpret_cast<QRgb*>(heat_.scanLine(rows - 1 - row));
    for (int column = 0; column < columns; ++column) {
      const double share = most > 0.0 ? field.density[static_cast<std::size_t>(row) * static_cast<std::size_t>(columns) + static_cast<std::size_t>(column)] / most : 0.0;
      line[column] = ramp[static_cast<std::size_t>(std::lround(std::sqrt(std::clamp(share, 0.0, 1.0)) * (kRampSteps - 1)))];
    }
  }
  // Where the answer's part of the plane lies now: it may be a moment older than the view.
  const double scale = drawnScale(field.level, p.spread, p.layers.scaled);
  const QPointF a = p.frame.toPixel(field.area.left * scale, field.area.top * scale), b = p.frame.toPixel(field.area.right * scale, field.area.bottom * scale);
  painter.setRenderHint(QPainter::SmoothPixmapTransform);
  painter.drawImage(QRectF(a, b), heat_);
}

void SpaceCanvas::drawAxes(QPainter& painter, const SpacePicture& p) {
  const QSizeF size = p.frame.size_px;
  // Drawn units are those of the data where no noise is; the numbers are true at the level at hand.
  const double scale = drawnScale(p.level, p.spread, p.layers.scaled);
  const SpaceArea area = p.frame.area(scale);
  const QColor ink = p.dark ? QColor(255, 255, 255) : QColor(20, 24, 32);
  QColor fine = ink, middle = ink, text = ink;
  fine.setAlphaF(p.dark ? 0.055F : 0.07F);
  middle.setAlphaF(p.dark ? 0.13F : 0.16F);
  text.setAlphaF(p.dark ? 0.50F : 0.62F);
  QFont font = painter.font();
  font.setPixelSize(static_cast<int>(std::lround(11 * p.ratio)));
  painter.setFont(font);
  const double margin = 6 * p.ratio;
  const auto decimals = [](const std::vector<double>& ticks) { return ticks.size() > 1 ? decimalsFor(ticks[1] - ticks[0]) : 1; };
  const auto across = axisTicks(area.left, area.right, std::max(2, static_cast<int>(size.width() / (150 * p.ratio))));
  const auto up = axisTicks(area.bottom, area.top, std::max(2, static_cast<int>(size.height() / (120 * p.ratio))));
  for (const double tick : across) {
    const double x = std::round(p.frame.toPixel(tick * scale, 0.0).x()) + 0.5;
    painter.setPen(QPen(tick == 0.0 ? middle : fine, 1.0));
    painter.drawLine(QPointF(x, 0), QPointF(x, size.height()));
    painter.setPen(text);
    painter.drawText(QRectF(x + margin * 0.7, size.height() - 20 * p.ratio, 80 * p.ratio, 16 * p.ratio), Qt::AlignLeft | Qt::AlignVCenter, formatNumber(tick, decimals(across)));
  }
  for (const double tick : up) {
    const double y = std::round(p.frame.toPixel(0.0, tick * scale).y()) + 0.5;
    painter.setPen(QPen(tick == 0.0 ? middle : fine, 1.0));
    painter.drawLine(QPointF(0, y), QPointF(size.width(), y));
    if (y > size.height() - 34 * p.ratio) continue;  // the corner is the other axis's
    painter.setPen(text);
    painter.drawText(QRectF(margin, y - 16 * p.ratio, 80 * p.ratio, 16 * p.ratio), Qt::AlignLeft | Qt::AlignVCenter, formatNumber(tick, decimals(up)));
  }
}

void SpaceCanvas::drawField(QPainter& painter, const SpacePicture& p) {
  const SpaceField& field = *p.field;
  const auto cells = static_cast<std::size_t>(field.columns) * static_cast<std::size_t>(field.rows);
  if (cells == 0 || field.score.size() != 2 * cells) return;
  const double scale = drawnScale(field.level, p.spread, p.layers.scaled), sigma2 = field.level * field.level;
  const double width = (field.area.right - field.area.left) / field.columns, height = (field.area.top - field.area.bottom) / field.rows;
  std::vector<QPointF> vectors;
  std::vector<double> lengths;
  for (int row = 0; row < field.rows; ++row) {
    for (int column = 0; column < field.columns; ++column) {
      const auto i = 2 * (static_cast<std::size_t>(row) * static_cast<std::size_t>(field.columns) + static_cast<std::size_t>(column));
      QPointF v(field.score[i], field.score[i + 1]);
      if (p.layers.motion) {
        // What a particle does on the screen while sigma falls by its own part: d(s x) / d(-ln sigma) = s (sigma^2 score + x sigma^2 / (d^2 + sigma^2)).
        v *= sigma2;
        if (p.layers.scaled) {
          const QPointF at(field.area.left + width * (column + 0.5), field.area.bottom + height * (row + 0.5));
          v += at * (sigma2 / (p.spread * p.spread + sigma2));
        }
      }
      vectors.push_back(v);
      lengths.push_back(std::hypot(v.x(), v.y()));
    }
  }
  std::vector<double> sorted = lengths;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(cells / 2), sorted.end());
  const double typical = std::max(sorted[cells / 2], 1e-12);
  const double most = 0.86 * std::min(width, height) * scale * p.frame.pxPerUnit(), head = std::clamp(0.26 * most, 2.0 * p.ratio, 7.0 * p.ratio);
  QPainterPath shafts, heads;
  for (int row = 0; row < field.rows; ++row) {
    for (int column = 0; column < field.columns; ++column) {
      const std::size_t i = static_cast<std::size_t>(row) * static_cast<std::size_t>(field.columns) + static_cast<std::size_t>(column);
      if (!(lengths[i] > 1e-12) || !std::isfinite(lengths[i])) continue;
      // Long ones are compressed: a typical vector is half as long as the longest that is drawn.
      const double length = most * lengths[i] / (lengths[i] + typical);
      if (length < 1.5 * p.ratio) continue;
      const QPointF direction(vectors[i].x() / lengths[i], -vectors[i].y() / lengths[i]), side(-direction.y(), direction.x());
      const QPointF at = p.frame.toPixel((field.area.left + width * (column + 0.5)) * scale, (field.area.bottom + height * (row + 0.5)) * scale);
      const QPointF tip = at + direction * (0.5 * length), tail = at - direction * (0.5 * length);
      const double barb = std::min(head, 0.5 * length);
      shafts.moveTo(tail);
      shafts.lineTo(tip - direction * (0.7 * barb));
      heads.moveTo(tip);
      heads.lineTo(tip - direction * barb + side * (0.42 * barb));
      heads.lineTo(tip - direction * barb - side * (0.42 * barb));
      heads.closeSubpath();
    }
  }
  QColor ink = p.dark ? QColor(255, 255, 255) : QColor(24, 28, 40);
  ink.setAlphaF(p.dark ? 0.42F : 0.46F);
  painter.setPen(QPen(ink, 1.1 * p.ratio));
  painter.drawPath(shafts);
  painter.fillPath(heads, ink);
}

void SpaceCanvas::drawTrails(const SpacePicture& p) {
  PlaneRaster raster(image_);
  const TapePoints& tape = *p.particles;
  const std::size_t all = tape.particles(), shown = std::min(all, kMostTrails);
  const auto until = static_cast<std::size_t>(std::clamp(p.step, 0.0, tape.last()));
  const QRgb color = particleColor(p.accent, p.dark).rgb();
  const double alpha = kTrailAlpha * std::clamp(160.0 / static_cast<double>(std::max<std::size_t>(shown, 1)), 0.35, 1.0);
  const std::size_t from = until > 200 ? until - 200 : 0, stride = std::max<std::size_t>(1, (until - from) / 60);  // long tapes: enough pieces to look smooth
  for (std::size_t i = 0; i < shown; ++i) {
    QPointF last = p.frame.toPixel(tape.drawnAt(i, static_cast<double>(from), p.spread, p.layers.scaled));
    const auto piece = [&](double to, double now) {
      const QPointF at = p.frame.toPixel(tape.drawnAt(i, to, p.spread, p.layers.scaled));
      raster.line(last, at, color, alpha * (0.25 + 0.75 * now));
      last = at;
    };
    for (std::size_t k = from + stride; k <= until; k += stride) piece(static_cast<double>(k), static_cast<double>(k - from) / (static_cast<double>(until - from) + 1.0));
    piece(p.step, 1.0);
  }
}

void SpaceCanvas::drawProbes(QPainter& painter, const SpacePicture& p) {
  const QColor color = probeColor(p.dark), edge = planeBackground(p.dark);
  for (const auto& [id, probe] : *p.probes) {
    const auto drawn = [&](const PathPoint& point) {
      const double scale = drawnScale(point.level, p.spread, p.layers.scaled);
      return p.frame.toPixel(point.x * scale, point.y * scale);
    };
    QPainterPath past, future;
    const QPointF now = p.frame.toPixel(probe.drawnAt(p.level, p.spread, p.layers.scaled));
    bool begun = false;
    for (std::size_t i = 0; i < probe.life.size(); ++i) {
      const PathPoint& point = probe.life[i];
      if (point.level > p.level) {
        i == 0 ? past.moveTo(drawn(point)) : past.lineTo(drawn(point));
      } else {
        if (!std::exchange(begun, true)) {
          if (past.elementCount() > 0) past.lineTo(now);
          future.moveTo(now);
        }
        future.lineTo(drawn(point));
      }
    }
    QColor faint = color;
    faint.setAlphaF(0.55F);
    painter.setPen(QPen(edge, 3.4 * p.ratio, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawPath(past);
    painter.drawPath(future);
    painter.setPen(QPen(faint, 1.5 * p.ratio, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawPath(past);
    painter.setPen(QPen(color, 1.7 * p.ratio, Qt::DotLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawPath(future);
    if (!probe.life.empty()) {
      painter.setPen(QPen(color, 1.4 * p.ratio));
      painter.setBrush(edge);
      painter.drawEllipse(drawn(probe.life.back()), 2.6 * p.ratio, 2.6 * p.ratio);
    }
    painter.setPen(QPen(edge, 1.6 * p.ratio));
    painter.setBrush(color);
    painter.drawEllipse(now, 5.2 * p.ratio, 5.2 * p.ratio);
    if (id == p.selected) {
      painter.setPen(QPen(color, 1.4 * p.ratio));
      painter.setBrush(Qt::NoBrush);
      painter.drawEllipse(now, 9.0 * p.ratio, 9.0 * p.ratio);
    }
  }
}

}  // namespace orrery::ui
