#include "ui/widgets/toggle_switch.h"

#include <QPainter>

#include "ui/style/colors.h"

namespace orrery::ui {

ToggleSwitch::ToggleSwitch(QWidget* parent) : QAbstractButton(parent) {
  setCheckable(true);
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}

void ToggleSwitch::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Colors& colors = colorsOf(palette());
  const QColor accent = palette().color(QPalette::Highlight);
  const QRectF groove(1.5, height() / 2.0 - 8, 29, 16);
  painter.setPen(hasFocus() ? QPen(isChecked() ? colors.text : accent, 1) : Qt::NoPen);
  painter.setBrush(!isEnabled() ? colors.field : isChecked() ? accent : colors.line);
  painter.drawRoundedRect(groove, 8, 8);
  painter.setPen(Qt::NoPen);
  painter.setBrush(!isEnabled() ? colors.faint : isChecked() && colors.dark ? colors.window : isChecked() ? QColor(Qt::white) : colors.dim);
  painter.drawEllipse(QPointF(isChecked() ? groove.right() - 8 : groove.left() + 8, groove.center().y()), 5, 5);
}

SignButton::SignButton(Sign sign, QWidget* parent) : QAbstractButton(parent), sign_(sign) {
  setFocusPolicy(Qt::TabFocus);
  setSizePolicy(QSizePolicy::Fixed, QSizePolicy::Fixed);
}

void SignButton::setLit(bool lit) {
  if (lit == std::exchange(lit_, lit)) return;
  update();
}

void SignButton::setFilled(bool filled) {
  if (filled == std::exchange(filled_, filled)) return;
  update();
}

void SignButton::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Colors& colors = colorsOf(palette());
  const QColor accent = palette().color(QPalette::Highlight);
  const QPointF middle = QRectF(rect()).center();
  const QColor idle = underMouse() && isEnabled() ? colors.text : isEnabled() ? colors.faint : colors.line;
  if (sign_ == Sign::dot) {
    painter.setPen(lit_ ? Qt::NoPen : QPen(idle, 1));
    painter.setBrush(lit_ ? QBrush(underMouse() ? colors.text : accent) : Qt::NoBrush);
    painter.drawEllipse(middle, lit_ ? 3.5 : 2.5, lit_ ? 3.5 : 2.5);
  } else {
    painter.translate(middle);
    painter.rotate(45);
    painter.setPen(QPen(lit_ ? accent : idle, 1.2));
    painter.setBrush(filled_ ? QBrush(accent) : Qt::NoBrush);
    painter.drawRect(QRectF(-3.2, -3.2, 6.4, 6.4));
    painter.resetTransform();
  }
  if (hasFocus()) {
    painter.setPen(QPen(accent, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 5, -1, -5), 3, 3);
  }
}

}  // namespace orrery::ui
