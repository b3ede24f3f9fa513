#include "ui/widgets/scrub_track.h"

#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

#include "ui/style/colors.h"

namespace orrery::ui {
namespace {

constexpr double kSide_px = 7.0;   // the head stays whole at both ends
constexpr double kHead_px = 4.5;
constexpr double kTop_px = 4.0, kFoot_px = 7.0;
constexpr double kTickRoom_px = 5.0;

}  // namespace

ScrubTrack::ScrubTrack(QWidget* parent) : QAbstractSlider(parent) {
  setOrientation(Qt::Horizontal);
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setSingleStep(1);
  setPageStep(10);
}

void ScrubTrack::setCurve(std::vector<float> curve) {
  curve_ = std::move(curve);
  update();
}

void ScrubTrack::setMarks(std::vector<int> marks) {
  if (marks == marks_) return;
  marks_ = std::move(marks);
  update();
}

void ScrubTrack::setTicks(bool on) { ticks_ = on; }

void ScrubTrack::setLit(bool lit) {
  if (std::exchange(lit_, lit) != lit) update();
}

void ScrubTrack::setReached(int value) {
  if (std::exchange(reached_, value) != value) update();
}

double ScrubTrack::xOf(double value) const {
  const double room = std::max(1.0, width() - 2.0 * kSide_px);
  return maximum() > minimum() ? kSide_px + room * (value - minimum()) / (maximum() - minimum()) : kSide_px;
}

int ScrubTrack::valueAt(double x) const {
  const double room = std::max(1.0, width() - 2.0 * kSide_px);
  return std::clamp(minimum() + static_cast<int>(std::lround((x - kSide_px) / room * (maximum() - minimum()))), minimum(), maximum());
}

void ScrubTrack::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return event->ignore();
  setSliderDown(true);
  setSliderPosition(valueAt(event->position().x()));
}

void ScrubTrack::mouseMoveEvent(QMouseEvent* event) {
  if (isSliderDown()) setSliderPosition(valueAt(event->position().x()));
  Q_EMIT hovered(valueAt(event->position().x()));
}

void ScrubTrack::mouseReleaseEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton) setSliderDown(false);
}

void ScrubTrack::wheelEvent(QWheelEvent* event) {
  const QPoint turned = event->angleDelta();
  wheel_ -= (std::abs(turned.x()) > std::abs(turned.y()) ? turned.x() : turned.y()) / 120.0;
  const int whole = static_cast<int>(wheel_);
  wheel_ -= whole;
  if (whole != 0) setSliderPosition(std::clamp(value() + whole, minimum(), maximum()));
  event->accept();
}

void ScrubTrack::leaveEvent(QEvent*) { Q_EMIT hovered(-1); }

void ScrubTrack::sliderChange(SliderChange change) {
  QAbstractSlider::sliderChange(change);
  update();
}

void ScrubTrack::changeEvent(QEvent* event) {
  QAbstractSlider::changeEvent(event);
  update();
}

void ScrubTrack::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Colors& colors = colorsOf(palette());
  const QColor accent = palette().color(QPalette::Highlight);
  const double foot = height() - kFoot_px, left = xOf(minimum()), right = xOf(maximum()), reached = reached_ < 0 ? right : xOf(std::min(reached_, maximum()));
  const double head = xOf(value());

  painter.setPen(QPen(colors.field, 2));
  painter.drawLine(QPointF(left, foot), QPointF(right, foot));
  painter.setPen(QPen(colors.line, 2));
  painter.drawLine(QPointF(left, foot), QPointF(reached, foot));
  if (curve_.size() > 1) {
    const auto point = [&](std::size_t i) { return QPointF(xOf(minimum() + static_cast<double>(i)), foot - curve_[i] * (foot - kTop_px - 2.0)); };
    QPainterPath line(point(0));
    // One point per pixel is enough, however long the tape is.
    const std::size_t stride = std::max<std::size_t>(1, curve_.size() / static_cast<std::size_t>(std::max(1, width())));
    for (std::size_t i = stride; i < curve_.size(); i += stride) line.lineTo(point(i));
    line.lineTo(point(curve_.size() - 1));
    QPainterPath area = line;
    area.lineTo(QPointF(point(curve_.size() - 1).x(), foot));
    area.lineTo(QPointF(left, foot));
    area.closeSubpath();
    QColor fill = accent;
    fill.setAlphaF(0.10F);
    painter.fillPath(area, fill);
    // What lies behind the head is lit.
    fill.setAlphaF(0.16F);
    painter.save();
    painter.setClipRect(QRectF(0, 0, head, height()));
    painter.fillPath(area, fill);
    painter.restore();
    painter.setPen(QPen(mixed(colors.dim, accent, 0.5), 1.25));
    painter.setBrush(Qt::NoBrush);
    painter.drawPath(line);
  }
  if (ticks_ && maximum() > minimum() && (right - left) / (maximum() - minimum()) >= kTickRoom_px) {
    painter.setPen(Qt::NoPen);
    painter.setBrush(colors.faint);
    for (int i = minimum(); i <= maximum(); ++i) painter.drawEllipse(QPointF(xOf(i), foot), 1.5, 1.5);
  }
  for (const int mark : marks_) {
    const double x = xOf(mark);
    painter.setPen(Qt::NoPen);
    painter.setBrush(accent);
    painter.drawPolygon(QPolygonF{QPointF(x, foot + 2), QPointF(x + 3.5, foot + 7), QPointF(x - 3.5, foot + 7)});
  }
  if (!isEnabled()) return;
  const QColor sign = lit_ ? accent : colors.dim;
  painter.setPen(QPen(sign, 1.5));
  painter.drawLine(QPointF(head, kTop_px - 2.0), QPointF(head, foot));
  painter.setPen(QPen(colors.panel, 2));
  painter.setBrush(sign);
  painter.drawEllipse(QPointF(head, foot), kHead_px, kHead_px);
  if (hasFocus()) {
    painter.setPen(QPen(accent, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
  }
}

}  // namespace orrery::ui
