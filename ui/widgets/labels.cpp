#include "ui/widgets/labels.h"

#include <QPainter>
#include <QStyle>

#include "ui/style/colors.h"
#include "ui/style/icons.h"

namespace orrery::ui {

QLabel* makeLabel(const QString& text, const char* role, QWidget* parent) {
  auto* label = new QLabel(text, parent);
  label->setTextFormat(Qt::PlainText);
  if (*role) label->setProperty("role", QLatin1String(role));
  return label;
}

QLabel* makeWrappedLabel(const QString& text, const char* role, QWidget* parent) {
  QLabel* label = makeLabel(text, role, parent);
  label->setWordWrap(true);
  label->setMinimumWidth(80);
  return label;
}

QString withShortcut(const QString& text, const QKeySequence& shortcut) {
  return shortcut.isEmpty() ? text : QStringLiteral("%1 (%2)").arg(text, shortcut.toString(QKeySequence::NativeText));
}

QToolButton* makeIconButton(const QString& icon_name, const QString& name, const QKeySequence& shortcut, QWidget* parent) {
  auto* button = new QToolButton(parent);
  button->setIcon(icon(icon_name));
  button->setIconSize({16, 16});
  button->setToolTip(withShortcut(name, shortcut));
  button->setAccessibleName(name);
  button->setFocusPolicy(Qt::TabFocus);
  return button;
}

QPushButton* makeButton(const QString& text, const char* role, QWidget* parent) {
  auto* button = new QPushButton(text, parent);
  button->setAutoDefault(true);  // Enter presses it, not the space bar alone
  if (*role) button->setProperty("role", QLatin1String(role));
  return button;
}

void setRole(QWidget* widget, const char* role) {
  widget->setProperty("role", QLatin1String(role));
  widget->style()->unpolish(widget);
  widget->style()->polish(widget);
}

ElidedLabel::ElidedLabel(const QString& text, QWidget* parent, Qt::TextElideMode mode) : QLabel(text, parent), mode_(mode) {
  setTextFormat(Qt::PlainText);
}

QSize ElidedLabel::minimumSizeHint() const { return {16, QLabel::minimumSizeHint().height()}; }

QSize ElidedLabel::sizeHint() const { return {fontMetrics().horizontalAdvance(text()) + 2, QLabel::sizeHint().height()}; }

void ElidedLabel::paintEvent(QPaintEvent*) {
  const QString shown = fontMetrics().elidedText(text(), mode_, width());
  if (toolTip().isEmpty() || property("elided").toBool()) {
    setToolTip(shown == text() ? QString() : text());
    setProperty("elided", shown != text());
  }
  QPainter painter(this);
  const Colors& colors = colorsOf(palette());
  const bool dim = property("role") == QLatin1String("dim") || property("role") == QLatin1String("small");
  painter.setPen(!isEnabled() ? colors.faint : dim ? colors.dim : colors.text);
  painter.drawText(rect(), static_cast<int>(alignment()) | Qt::TextSingleLine, shown);
}

}  // namespace orrery::ui
