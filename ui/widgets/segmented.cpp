#include "ui/widgets/segmented.h"

#include <QAccessible>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QToolTip>

#include "ui/style/colors.h"
#include "ui/style/icons.h"

namespace orrery::ui {

Segmented::Segmented(Look look, QWidget* parent) : QWidget(parent), look_(look) {
  setFocusPolicy(Qt::TabFocus);
  setMouseTracking(true);
  setSizePolicy(look == Look::tabs ? QSizePolicy::Fixed : QSizePolicy::Preferred, QSizePolicy::Fixed);
}

void Segmented::setItems(const QStringList& labels, const QStringList& tool_tips, const QStringList& icons) {
  labels_ = labels, tool_tips_ = tool_tips, icons_ = icons;
  current_ = std::clamp(current_, 0, std::max(0, count() - 1));
  updateGeometry();
  update();
}

void Segmented::setCurrent(int index) {
  if (index == current_ || index < 0 || index >= count()) return;
  current_ = index;
  setAccessibleDescription(labels_[index]);
  update();
}

void Segmented::choose(int index) {
  if (index < 0 || index >= count() || index == current_) return;
  setCurrent(index);
  QAccessibleEvent changed(this, QAccessible::DescriptionChanged);
  QAccessible::updateAccessibility(&changed);
  Q_EMIT chosen(index);
}

int Segmented::itemWidth(int index) const {
  const bool has_icon = !icons_.value(index).isEmpty();
  const int text = labels_[index].isEmpty() ? 0 : fontMetrics().horizontalAdvance(labels_[index]);
  return text + (has_icon ? 16 + (text ? 6 : 0) : 0) + (look_ == Look::tabs ? 24 : text ? 14 : 12);
}

QSize Segmented::sizeHint() const {
  int width = look_ == Look::pills ? 4 : 0;
  for (int i = 0; i < count(); ++i) width += itemWidth(i);
  return {width, look_ == Look::tabs ? 40 : 26};
}

QSize Segmented::minimumSizeHint() const { return sizeHint(); }

QRect Segmented::itemRect(int index) const {
  const int inset = look_ == Look::pills ? 2 : 0;
  const int spare = std::max(0, width() - sizeHint().width());
  int x = inset;
  for (int i = 0; i < count(); ++i) {
    // What room is left over is shared, so that pills may fill a form's column.
    const int share = spare * (i + 1) / count() - spare * i / count();
    const int w = itemWidth(i) + share;
    if (i == index) return {x, inset, w, height() - 2 * inset};
    x += w;
  }
  return {};
}

int Segmented::itemAt(const QPoint& point) const {
  for (int i = 0; i < count(); ++i) {
    if (itemRect(i).contains(point)) return i;
  }
  return -1;
}

void Segmented::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Colors& colors = colorsOf(palette());
  const QColor accent = palette().color(QPalette::Highlight);
  if (look_ == Look::pills) {
    painter.setPen(hasFocus() ? QPen(accent, 1) : Qt::NoPen);
    painter.setBrush(colors.field);
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4);
  }
  for (int i = 0; i < count(); ++i) {
    const QRect item = itemRect(i);
    const bool on = i == current_;
    if (look_ == Look::pills && on) {
      painter.setPen(Qt::NoPen);
      painter.setBrush(colors.dark ? mixed(colors.hover, colors.text, 0.10) : QColor(Qt::white));
      painter.drawRoundedRect(item, 3, 3);
    }
    const QColor color = !isEnabled() ? colors.faint : on || i == hover_ ? colors.text : colors.dim;
    painter.setPen(color);
    const QString icon_name = icons_.value(i);
    const int text_width = labels_[i].isEmpty() ? 0 : fontMetrics().horizontalAdvance(labels_[i]);
    int content = text_width + (icon_name.isEmpty() ? 0 : 16 + (text_width ? 6 : 0));
    int x = item.center().x() - content / 2 + 1;
    if (!icon_name.isEmpty()) {
      paintIcon(painter, icon_name, QRectF(x, item.center().y() - 7.5, 16, 16), color);
      x += 22;
    }
    if (text_width) painter.drawText(QRect(x, item.top(), text_width + 2, item.height()), Qt::AlignVCenter | Qt::AlignLeft, labels_[i]);
    if (look_ == Look::tabs && on) {
      painter.setPen(Qt::NoPen);
      painter.setBrush(accent);
      painter.drawRoundedRect(QRectF(item.left() + 12, height() - 2, item.width() - 24, 2), 1, 1);
    }
    if (look_ == Look::tabs && on && hasFocus()) {
      painter.setPen(QPen(accent, 1));
      painter.setBrush(Qt::NoBrush);
      painter.drawRoundedRect(QRectF(item).adjusted(4.5, 7.5, -4.5, -7.5), 4, 4);
    }
  }
}

void Segmented::mousePressEvent(QMouseEvent* event) {
  if (event->button() == Qt::LeftButton) choose(itemAt(event->pos()));
}

void Segmented::mouseMoveEvent(QMouseEvent* event) {
  const int item = itemAt(event->pos());
  if (item != std::exchange(hover_, item)) update();
}

void Segmented::leaveEvent(QEvent*) {
  hover_ = -1;
  update();
}

void Segmented::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Left) return choose(current_ - 1);
  if (event->key() == Qt::Key_Right) return choose(current_ + 1);
  QWidget::keyPressEvent(event);
}

bool Segmented::event(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    auto* help = static_cast<QHelpEvent*>(event);
    const int item = itemAt(help->pos());
    const QString text = item >= 0 ? tool_tips_.value(item) : QString();
    text.isEmpty() ? QToolTip::hideText() : QToolTip::showText(help->globalPos(), text, this, itemRect(item));
    return true;
  }
  return QWidget::event(event);
}

}  // namespace orrery::ui
