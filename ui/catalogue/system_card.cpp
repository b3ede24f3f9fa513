#include "ui/catalogue/system_card.h"

#include <QKeyEvent>
#include <QPainter>
#include <QTextLayout>

#include "ui/catalogue/kind_diagram.h"
#include "ui/style/colors.h"

namespace orrery::ui {
namespace {

// Wraps `text` into `room`, cutting the last line that fits with an ellipsis.
void drawWrapped(QPainter& painter, const QRectF& room, const QString& text) {
  QTextLayout layout(text, painter.font());
  QTextOption option;
  option.setWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
  layout.setTextOption(option);
  const QFontMetricsF metrics(painter.font());
  double y = room.y();
  layout.beginLayout();
  while (true) {
    QTextLine line = layout.createLine();
    if (!line.isValid()) break;
    line.setLineWidth(room.width());
    const bool last = y + 2 * metrics.lineSpacing() > room.bottom();
    const QString rest = text.mid(line.textStart());
    if (last) {
      painter.drawText(QPointF(room.x(), y + metrics.ascent()), metrics.elidedText(rest, Qt::ElideRight, room.width()));
      break;
    }
    painter.drawText(QPointF(room.x(), y + metrics.ascent()), text.mid(line.textStart(), line.textLength()));
    y += metrics.lineSpacing();
  }
  layout.endLayout();
}

}  // namespace

SystemCard::SystemCard(const SystemInfo& system, QWidget* parent) : QAbstractButton(parent), system_(system) {
  setText(QString::fromStdString(system.name));
  setAccessibleName(tr("%1, %2, %3").arg(QString::fromStdString(system.name), kindName(system.kind)).arg(system.year));
  setAccessibleDescription(QString::fromStdString(system.sentence));
  setFocusPolicy(Qt::StrongFocus);
  setCursor(Qt::PointingHandCursor);
  setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

void SystemCard::setUnfit(const QString& why) {
  unfit_ = why;
  setToolTip(why);
  update();
}

void SystemCard::setMeasured(const QString& text) {
  measured_ = text;
  update();
}

void SystemCard::keyPressEvent(QKeyEvent* event) {
  if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter) return click();
  QAbstractButton::keyPressEvent(event);
}

void SystemCard::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(palette());
  const QColor accent = colors.kind(system_.kind);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QRectF card = QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5);
  const bool lit = underMouse() || hasFocus();
  painter.setPen(QPen(hasFocus() ? accent : lit ? colors.line : Qt::transparent, 1));
  painter.setBrush(isDown() ? colors.hover : colors.field);
  painter.drawRoundedRect(card, 6, 6);
  painter.setOpacity(unfit_.isEmpty() ? 1.0 : 0.55);
  // The diagram stands on a darker ground: colour where the kind is told, quiet elsewhere.
  const QRectF board(10, 10, width() - 20, 84);
  painter.setPen(Qt::NoPen);
  painter.setBrush(colors.panel);
  painter.drawRoundedRect(board, 4, 4);
  paintKindDiagram(painter, board.adjusted(6, 4, -6, -4), system_.kind, palette());

  const double left = 12, room = width() - 24;
  double y = 102;
  QFont name = font();
  name.setPixelSize(15);
  painter.setFont(name);
  painter.setPen(colors.text);
  const QString year = QString::number(system_.year);
  painter.drawText(QRectF(left, y, room - 44, 22), Qt::AlignVCenter | Qt::AlignLeft, QFontMetrics(name).elidedText(text(), Qt::ElideRight, static_cast<int>(room - 44)));
  QFont small = font();
  small.setPixelSize(12);
  painter.setFont(small);
  painter.setPen(colors.dim);
  painter.drawText(QRectF(left, y, room, 22), Qt::AlignVCenter | Qt::AlignRight, year);
  y += 24;
  painter.setPen(accent);
  painter.drawText(QRectF(left, y, room, 16), Qt::AlignVCenter | Qt::AlignLeft, kindName(system_.kind));
  painter.setPen(colors.dim);
  if (!measured_.isEmpty()) painter.drawText(QRectF(left, y, room, 16), Qt::AlignVCenter | Qt::AlignRight, measured_);
  y += 20;
  painter.setOpacity(1.0);
  painter.setPen(unfit_.isEmpty() ? colors.dim : colors.warning);
  drawWrapped(painter, QRectF(left, y, room, height() - y - 8), unfit_.isEmpty() ? QString::fromStdString(system_.sentence) : unfit_);
}

}  // namespace orrery::ui
