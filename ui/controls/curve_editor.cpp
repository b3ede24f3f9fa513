#include "ui/controls/curve_editor.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>

#include "ui/style/colors.h"

namespace orrery::ui {

CurveEditor::CurveEditor(QWidget* parent) : Editor(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setFixedHeight(96);
}

void CurveEditor::setSpec(const ControlSpec& spec) {
  min_ = spec.min, max_ = spec.max > spec.min ? spec.max : spec.min + 1.0, step_ = spec.step;
  update();
}

void CurveEditor::setValue(const Value& value) {
  if (const auto* samples = std::get_if<std::vector<double>>(&value); samples && *samples != samples_) {
    samples_ = *samples;
    update();
  }
}

QPointF CurveEditor::pointOf(std::size_t index) const {
  const QRectF box = QRectF(rect()).adjusted(8, 8, -8, -8);
  const double u = samples_.size() > 1 ? static_cast<double>(index) / static_cast<double>(samples_.size() - 1) : 0.0;
  return {box.left() + u * box.width(), box.bottom() - (samples_[index] - min_) / (max_ - min_) * box.height()};
}

void CurveEditor::put(std::size_t index, double value) {
  value = std::clamp(value, min_, max_);
  if (index >= samples_.size() || samples_[index] == value) return;
  samples_[index] = value;
  update();
  Q_EMIT changed(samples_);
}

void CurveEditor::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Colors& colors = colorsOf(palette());
  const QColor accent = isEnabled() ? palette().color(QPalette::Highlight) : colors.faint;
  painter.setPen(hasFocus() ? QPen(accent, 1) : QPen(Qt::NoPen));
  painter.setBrush(colors.field);
  painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
  if (samples_.empty()) return;
  QPainterPath path(pointOf(0));
  for (std::size_t i = 1; i < samples_.size(); ++i) path.lineTo(pointOf(i));
  painter.setPen(QPen(accent, 1.5));
  painter.setBrush(Qt::NoBrush);
  painter.drawPath(path);
  for (std::size_t i = 0; i < samples_.size(); ++i) {
    const bool now = hasFocus() && static_cast<int>(i) == current_;
    painter.setPen(QPen(colors.field, 1.5));
    painter.setBrush(now ? colors.text : accent);
    painter.drawEllipse(pointOf(i), now ? 5 : 4, now ? 5 : 4);
  }
}

void CurveEditor::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton || samples_.empty()) return event->ignore();
  const auto distance = [&](std::size_t i) { return std::abs(pointOf(i).x() - event->position().x()); };
  current_ = 0;
  for (std::size_t i = 1; i < samples_.size(); ++i) {
    if (distance(i) < distance(static_cast<std::size_t>(current_))) current_ = static_cast<int>(i);
  }
  dragging_ = true;
  mouseMoveEvent(event);
}

void CurveEditor::mouseMoveEvent(QMouseEvent* event) {
  if (!dragging_) return;
  const QRectF box = QRectF(rect()).adjusted(8, 8, -8, -8);
  put(static_cast<std::size_t>(current_), min_ + (box.bottom() - event->position().y()) / box.height() * (max_ - min_));
}

void CurveEditor::mouseReleaseEvent(QMouseEvent*) {
  if (std::exchange(dragging_, false)) Q_EMIT gestureEnded();
}

void CurveEditor::keyPressEvent(QKeyEvent* event) {
  if (samples_.empty()) return QWidget::keyPressEvent(event);
  const double step = step_ * (event->modifiers() & Qt::ShiftModifier ? 0.1 : event->modifiers() & Qt::ControlModifier ? 10.0 : 1.0);
  switch (event->key()) {
    case Qt::Key_Left:
      current_ = std::max(0, current_ - 1);
      break;
    case Qt::Key_Right:
      current_ = std::min(static_cast<int>(samples_.size()) - 1, current_ + 1);
      break;
    case Qt::Key_Up:
      put(static_cast<std::size_t>(current_), samples_[static_cast<std::size_t>(current_)] + step);
      break;
    case Qt::Key_Down:
      put(static_cast<std::size_t>(current_), samples_[static_cast<std::size_t>(current_)] - step);
      break;
    default:
      return QWidget::keyPressEvent(event);
  }
  update();
}

}  // namespace orrery::ui
