#include "ui/widgets/value_slider.h"

#include <QAccessible>
#include <QGuiApplication>
#include <QMouseEvent>
#include <QPainter>
#include <QStyleHints>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "ui/style/colors.h"
#include "ui/widgets/format.h"

namespace orrery::ui {
namespace {

constexpr double kFine = 0.1;
constexpr double kCoarse = 10.0;
constexpr double kHandle = 6.0;  // radius

}  // namespace

ValueSlider::ValueSlider(QWidget* parent) : QWidget(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setAttribute(Qt::WA_Hover);
  end_.setSingleShot(true);
  end_.setInterval(QGuiApplication::styleHints()->mouseDoubleClickInterval());
  connect(&end_, &QTimer::timeout, this, &ValueSlider::gestureEnded);
}

void ValueSlider::setRange(double min, double max, double step, bool logarithmic) {
  min_ = min, max_ = std::max(max, min), step_ = step > 0.0 ? step : (max_ - min_) / 100.0;
  logarithmic_ = logarithmic && min > 0.0;
  value_ = std::clamp(value_, min_, max_);
  update();
}

void ValueSlider::setNeutral(double neutral) {
  neutral_ = neutral;
  update();
}

void ValueSlider::setValue(double value) {
  if (value == value_) return;
  value_ = value;
  update();
}

QString ValueSlider::valueText() const { return withUnit(formatNumber(value_, decimalsFor(step_)), unit_); }

void ValueSlider::change(double value) {
  value = std::clamp(value, min_, max_);
  if (value == value_) return;
  value_ = value;
  update();
  QAccessibleValueChangeEvent changed(this, value_);
  QAccessible::updateAccessibility(&changed);
  Q_EMIT valueChanged(value_);
}

double ValueSlider::toUnit(double value) const {
  if (max_ <= min_) return 0.0;
  value = std::clamp(value, min_, max_);
  return logarithmic_ ? std::log(value / min_) / std::log(max_ / min_) : (value - min_) / (max_ - min_);
}

double ValueSlider::fromUnit(double unit) const {
  unit = std::clamp(unit, 0.0, 1.0);
  return logarithmic_ ? min_ * std::pow(max_ / min_, unit) : min_ + (max_ - min_) * unit;
}

double ValueSlider::snapped(double value, double step) const {
  if (logarithmic_) {
    // A step is a ratio here; keep three digits.
    const double magnitude = std::pow(10.0, std::floor(std::log10(std::max(value, 1e-12))) - 2.0);
    return std::clamp(std::round(value / magnitude) * magnitude, min_, max_);
  }
  return std::clamp(std::round(value / step) * step, min_, max_);
}

QRectF ValueSlider::track() const { return QRectF(kHandle + 1, height() / 2.0 - 2, std::max(1.0, width() - 2.0 * kHandle - 2), 4); }

void ValueSlider::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(Qt::NoPen);
  const Colors& colors = colorsOf(palette());
  const QColor accent = isEnabled() ? palette().color(QPalette::Highlight) : colors.line;
  const QRectF groove = track();
  painter.setBrush(isEnabled() ? mixed(colors.field, colors.line, 0.6) : colors.field);
  painter.drawRoundedRect(groove, 2, 2);
  const double at = groove.left() + groove.width() * toUnit(value_);
  const double zero = groove.left() + groove.width() * toUnit(neutral_);
  painter.setBrush(accent);
  painter.drawRoundedRect(QRectF(std::min(at, zero), groove.top(), std::abs(at - zero), groove.height()), 2, 2);
  if (neutral_ > min_ && neutral_ < max_) {
    painter.setBrush(colors.dim);
    painter.drawRect(QRectF(zero - 0.5, groove.top() - 3, 1, groove.height() + 6));
  }
  if (!isEnabled()) return;
  const bool strong = dragging_ || underMouse() || hasFocus();
  painter.setBrush(hasFocus() ? accent : strong ? colors.text : mixed(colors.dim, colors.text, 0.5));
  if (hasFocus()) painter.setPen(QPen(colors.dark ? colors.text : QColor(Qt::white), 1.5));
  painter.drawEllipse(QPointF(at, groove.center().y()), strong ? kHandle : kHandle - 1, strong ? kHandle : kHandle - 1);
}

void ValueSlider::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return event->ignore();
  end_.stop();
  dragging_ = true;
  last_x_ = event->position().x();
  const double handle_x = track().left() + track().width() * toUnit(value_);
  drag_unit_ = toUnit(value_);
  // On the handle nothing jumps; beside it the handle comes to the hand.
  if (std::abs(last_x_ - handle_x) > kHandle + 2 && !(event->modifiers() & Qt::ShiftModifier)) {
    drag_unit_ = (last_x_ - track().left()) / track().width();
    change(snapped(fromUnit(drag_unit_), event->modifiers() & Qt::ControlModifier ? step_ * kCoarse : step_));
  }
  update();
}

void ValueSlider::mouseMoveEvent(QMouseEvent* event) {
  if (!dragging_) return;
  const bool fine = event->modifiers() & Qt::ShiftModifier, coarse = event->modifiers() & Qt::ControlModifier;
  drag_unit_ += (event->position().x() - last_x_) / track().width() * (fine ? kFine : 1.0);
  last_x_ = event->position().x();
  change(snapped(fromUnit(drag_unit_), fine ? step_ * kFine : coarse ? step_ * kCoarse : step_));
}

void ValueSlider::mouseReleaseEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton || !dragging_) return;
  dragging_ = false;
  end_.start();
  update();
}

void ValueSlider::mouseDoubleClickEvent(QMouseEvent*) {
  end_.stop();
  dragging_ = false;
  change(neutral_);
  Q_EMIT gestureEnded();
}

void ValueSlider::wheelEvent(QWheelEvent* event) {
  if (!hasFocus()) return event->ignore();  // the panel scrolls; nothing moves by accident
  // Shift and Alt may turn the wheel sideways.
  const QPoint angle = event->angleDelta();
  stepBy((angle.y() ? angle.y() : angle.x()) / 120.0, event->modifiers());
  end_.start();
  event->accept();
}

void ValueSlider::keyPressEvent(QKeyEvent* event) {
  switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Down:
      stepBy(-1, event->modifiers());
      break;
    case Qt::Key_Right:
    case Qt::Key_Up:
      stepBy(1, event->modifiers());
      break;
    case Qt::Key_PageDown:
      stepBy(-10, event->modifiers());
      break;
    case Qt::Key_PageUp:
      stepBy(10, event->modifiers());
      break;
    case Qt::Key_Home:
      change(min_);
      break;
    case Qt::Key_End:
      change(max_);
      break;
    case Qt::Key_Delete:
    case Qt::Key_Backspace:
      change(neutral_);
      break;
    default:
      return QWidget::keyPressEvent(event);
  }
  end_.start();
}

void ValueSlider::stepBy(double steps, Qt::KeyboardModifiers modifiers) {
  const double factor = modifiers & Qt::ShiftModifier ? kFine : modifiers & Qt::ControlModifier ? kCoarse : 1.0;
  if (logarithmic_) return change(fromUnit(toUnit(value_) + steps * factor * 0.01));
  change(snapped(value_ + steps * step_ * factor, step_ * std::min(1.0, factor)));
}

void ValueSlider::changeEvent(QEvent* event) {
  if (event->type() == QEvent::EnabledChange || event->type() == QEvent::PaletteChange) update();
  QWidget::changeEvent(event);
}

}  // namespace orrery::ui
