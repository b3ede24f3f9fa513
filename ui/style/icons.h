// Own icons from assets/icons: 16 x 16 outlines of one stroke width, tinted when painted, so a change of theme needs nothing.
#pragma once

#include <QColor>
#include <QIcon>
#include <QPixmap>

class QPainter;

namespace orrery::ui {

// The icon `name`.svg in the text colour; disabled and checked states follow.
QIcon icon(const QString& name);
// In a colour of its own.
QIcon icon(const QString& name, const QColor& color);
void paintIcon(QPainter& painter, const QString& name, const QRectF& rect, const QColor& color);

}  // namespace orrery::ui
