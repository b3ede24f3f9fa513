#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

#include "ui/space/race_view.h"
#include "ui/style/colors.h"
#include "ui/widgets/format.h"

namespace orrery::ui {
namespace {

QString shortNumber(double value) {
  if (value == 0.0) return QStringLiteral("0");
  const double size = std::abs(value);
  if (size >= 1000.0) return QStringLiteral("%1k").arg(formatNumber(value / 1000.0, value >= 10000.0 ? 0 : 1));
  return formatNumber(value, size >= 10.0 ? 0 : size >= 1.0 ? 1 : std::min(6, static_cast<int>(std::ceil(-std::log10(size)))));
}

// Round numbers on a logarithmic axis: powers of ten, with 2 and 5 between when there are few.
std::vector<double> logTicks(double low, double high) {
  std::vector<double> ticks;
  const int from = static_cast<int>(std::floor(std::log10(low))), to = static_cast<int>(std::ceil(std::log10(high)));
  const bool more = std::log10(high / low) < 1.7;
  const int stride = std::max(1, (to - from) / 5);
  for (int power = from; power <= to; power += stride) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double at = factor * std::pow(10.0, power);
      if ((factor == 1.0 || more) && at >= low * 0.999 && at <= high * 1.001) ticks.push_back(at);
    }
  }
  return ticks;
}

}  // namespace

RacePlot::RacePlot(const Race& race, QWidget* parent) : QWidget(parent), race_(race) {
  setAccessibleName(tr("Distance from the reference"));
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void RacePlot::setAxis(Axis axis) {
  axis_ = axis;
  update();
}

void RacePlot::setLevel(double level) {
  level_ = level;
  update();
}

void RacePlot::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Colors& colors = colorsOf(palette());
  const bool by_level = axis_ == Axis::level;
  struct Point {
    double x, y;
  };
  std::vector<std::vector<Point>> curves;
  double low_x = 1e300, high_x = 0.0, low_y = 1e300, high_y = 0.0;
  for (const Racer& racer : race_.racers()) {
    std::vector<Point> curve;
    for (const RaceDistance& at : racer.distances) {
      const Point point{by_level ? at.level : at.evaluations, by_level ? at.of_state : at.of_prediction};
      if (!(point.x > 0.0) || !(point.y > 0.0)) continue;
      curve.push_back(point);
      low_x = std::min(low_x, point.x), high_x = std::max(high_x, point.x), low_y = std::min(low_y, point.y), high_y = std::max(high_y, point.y);
    }
    curves.push_back(std::move(curve));
  }
  if (!(high_x > 0.0) || !(high_y > 0.0)) {
    painter.setPen(colors.dim);
    painter.drawText(rect(), Qt::AlignCenter, race_.running() ? tr("Distances come when the reference has arrived.") : tr("Run the race to see how far each sampler is from the reference."));
    return;
  }
  low_y = std::max(low_y * 0.8, high_y * 1e-6), high_y *= 1.25;
  if (by_level) low_x = std::max(low_x, high_x * 1e-5);
  const QRectF box = QRectF(rect()).adjusted(54, 20, -14, -24);
  const auto x_of = [&](double x) {
    const double share = by_level ? std::log(high_x / std::max(x, low_x)) / std::log(high_x / low_x) : x / high_x;
    return box.left() + share * box.width();
  };
  const auto y_of = [&](double y) { return box.bottom() - std::log(std::max(y, low_y) / low_y) / std::log(high_y / low_y) * box.height(); };
  QFont font = painter.font();
  font.setPixelSize(11);
  painter.setFont(font);
  for (const double tick : logTicks(low_y, high_y)) {
    painter.setPen(QPen(colors.line, 1));
    painter.drawLine(QPointF(box.left(), y_of(tick)), QPointF(box.right(), y_of(tick)));
    painter.setPen(colors.dim);
    painter.drawText(QRectF(0, y_of(tick) - 8, box.left() - 6, 16), Qt::AlignRight | Qt::AlignVCenter, shortNumber(tick));
  }
  const auto ticks = by_level ? logTicks(low_x, high_x) : axisTicks(0.0, high_x, 6);
  for (const double tick : ticks) {
    const double x = x_of(tick);
    painter.setPen(QPen(colors.line, 1));
    painter.drawLine(QPointF(x, box.bottom()), QPointF(x, box.bottom() + 4));
    painter.setPen(colors.dim);
    painter.drawText(QRectF(x - 30, box.bottom() + 5, 60, 16), Qt::AlignHCenter | Qt::AlignTop, by_level ? shortNumber(tick) : formatNumber(tick, tick == std::floor(tick) ? 0 : 1));
  }
  painter.setPen(colors.dim);
  painter.drawText(QRectF(box.left(), 0, box.width(), 16), Qt::AlignLeft | Qt::AlignVCenter,
                   by_level ? (race_.plane() ? tr("Distance of particles at the same σ, scaled") : tr("Difference at the same σ (RMS, of 255)"))
                            : (race_.plane() ? tr("Distance of the prediction from the reference's end") : tr("Difference of the prediction from the reference's end (RMS, of 255)")));
  painter.drawText(QRectF(box.left(), 0, box.width(), 16), Qt::AlignRight | Qt::AlignVCenter, by_level ? tr("σ falls to the right") : tr("evaluations of the network"));
  if (by_level && level_ >= low_x && level_ <= high_x) {
    painter.setPen(QPen(colors.faint, 1, Qt::DashLine));
    painter.drawLine(QPointF(x_of(level_), box.top()), QPointF(x_of(level_), box.bottom()));
  }
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const QColor color = racerColor(i, colors.dark);
    QPainterPath path;
    for (std::size_t k = 0; k < curves[i].size(); ++k) {
      const QPointF at(x_of(curves[i][k].x), y_of(curves[i][k].y));
      k == 0 ? path.moveTo(at) : path.lineTo(at);
    }
    painter.setBrush(Qt::NoBrush);
    painter.setPen(QPen(color, 1.8, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.drawPath(path);
    if (curves[i].size() > 60) continue;
    painter.setPen(Qt::NoPen);
    painter.setBrush(color);
    for (const Point& point : curves[i]) painter.drawEllipse(QPointF(x_of(point.x), y_of(point.y)), 2.4, 2.4);
  }
}

// ---- the level that all share ----

RaceLevel::RaceLevel(QWidget* parent) : QWidget(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setCursor(Qt::PointingHandCursor);
  setAccessibleName(tr("Noise level"));
  setToolTip(tr("The noise level that every sampler is shown at: noise on the left, none on the right"));
}

void RaceLevel::setPlace(double place, const QString& text) {
  place_ = place;
  setAccessibleDescription(text);
  update();
}

void RaceLevel::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Colors& colors = colorsOf(palette());
  const QColor accent = palette().color(QPalette::Highlight);
  const double left = 10, right = width() - 10.0, middle = height() / 2.0, at = left + place_ * (right - left);
  painter.setPen(QPen(colors.line, 3, Qt::SolidLine, Qt::RoundCap));
  painter.drawLine(QPointF(left, middle), QPointF(right, middle));
  painter.setPen(QPen(accent, 3, Qt::SolidLine, Qt::RoundCap));
  painter.drawLine(QPointF(left, middle), QPointF(at, middle));
  painter.setPen(QPen(hasFocus() ? colors.text : colors.panel, 1.6));
  painter.setBrush(accent);
  painter.drawEllipse(QPointF(at, middle), 6.5, 6.5);
}

void RaceLevel::go(double x) { Q_EMIT moved(std::clamp((x - 10.0) / std::max(1.0, width() - 20.0), 0.0, 1.0)); }
void RaceLevel::mousePressEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton) go(event->position().x());
}
void RaceLevel::mouseMoveEvent(QMouseEvent* event) {
  if (event->buttons() & Qt::LeftButton) go(event->position().x());
}
void RaceLevel::keyPressEvent(QKeyEvent* event) {
  const double step = event->modifiers() & Qt::ShiftModifier ? 0.005 : 0.03;
  if (event->key() == Qt::Key_Left) return Q_EMIT moved(std::max(0.0, place_ - step));
  if (event->key() == Qt::Key_Right) return Q_EMIT moved(std::min(1.0, place_ + step));
  if (event->key() == Qt::Key_Home) return Q_EMIT moved(0.0);
  if (event->key() == Qt::Key_End) return Q_EMIT moved(1.0);
  QWidget::keyPressEvent(event);
}

}  // namespace orrery::ui
