#include "ui/widgets/number_field.h"

#include <QKeyEvent>
#include <QTimer>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "ui/widgets/format.h"
#include "ui/widgets/labels.h"

namespace orrery::ui {

NumberField::NumberField(QWidget* parent) : QLineEdit(parent) {
  setAlignment(Qt::AlignRight);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
  showText();
  connect(this, &QLineEdit::textEdited, this, [this](const QString& text) {
    double ignored;
    setRole(this, parseNumber(text, &ignored) ? "" : "bad");
  });
}

void NumberField::setRange(double min, double max, double step) {
  min_ = min, max_ = max, step_ = step > 0.0 ? step : 0.01;
  setDecimals(decimalsFor(step_));
}

void NumberField::setUnit(const QString& unit) {
  unit_ = unit;
  showText();
}

void NumberField::setDecimals(int decimals) {
  decimals_ = decimals;
  showText();
}

void NumberField::setWhole(bool whole) {
  whole_ = whole;
  if (whole) decimals_ = 0;
  showText();
}

void NumberField::setValue(double value) {
  value_ = value;
  if (!isModified() || !hasFocus()) showText();
}

void NumberField::showText() {
  // Finer than a step (set with Shift or typed): show what it really is.
  int decimals = decimals_;
  while (!whole_ && decimals < 6 &&
         std::abs(value_ - std::round(value_ * std::pow(10, decimals)) / std::pow(10, decimals)) > 1e-9 * std::max(1.0, std::abs(value_))) {
    if (++decimals > decimals_ + 2) break;
  }
  const QString number = formatNumber(value_, decimals);
  setText(hasFocus() ? number : withUnit(number, unit_));
  setModified(false);
  if (property("role") == QLatin1String("bad")) setRole(this, "");
}

void NumberField::change(double value) {
  value = std::clamp(whole_ ? std::round(value) : value, min_, max_);
  const bool changed = value != value_;
  value_ = value;
  showText();
  if (changed) Q_EMIT valueChanged(value_);
}

void NumberField::commit() {
  double typed;
  if (isModified() && parseNumber(text(), &typed)) {
    change(typed);
    Q_EMIT gestureEnded();
  } else {
    showText();
  }
}

void NumberField::stepBy(double steps, Qt::KeyboardModifiers modifiers) {
  const double factor = modifiers & Qt::ShiftModifier ? (whole_ ? 1.0 : 0.1) : modifiers & Qt::ControlModifier ? 10.0 : 1.0;
  double typed;
  const double from = isModified() && parseNumber(text(), &typed) ? typed : value_;
  change(from + steps * step_ * factor);
  selectAll();
}

void NumberField::focusInEvent(QFocusEvent* event) {
  QLineEdit::focusInEvent(event);
  showText();
  QTimer::singleShot(0, this, &QLineEdit::selectAll);
}

void NumberField::focusOutEvent(QFocusEvent* event) {
  QLineEdit::focusOutEvent(event);
  commit();
}

void NumberField::keyPressEvent(QKeyEvent* event) {
  switch (event->key()) {
    case Qt::Key_Up:
      return stepBy(1, event->modifiers());
    case Qt::Key_Down:
      return stepBy(-1, event->modifiers());
    case Qt::Key_PageUp:
      return stepBy(10, event->modifiers());
    case Qt::Key_PageDown:
      return stepBy(-10, event->modifiers());
    case Qt::Key_Return:
    case Qt::Key_Enter:
      commit();
      return selectAll();
    case Qt::Key_Escape:
      if (!isModified()) break;  // the window may use it
      showText();
      return selectAll();
    default:
      break;
  }
  QLineEdit::keyPressEvent(event);
}

void NumberField::wheelEvent(QWheelEvent* event) {
  if (!hasFocus()) return event->ignore();
  const QPoint angle = event->angleDelta();
  stepBy((angle.y() ? angle.y() : angle.x()) / 120.0, event->modifiers());
  event->accept();
}

}  // namespace orrery::ui
