// Short words for what layouts and buttons are told again and again.
#pragma once

#include <QLayout>
#include <QString>

namespace orrery::ui {

// No margins, and that many pixels between the items.
template <class Layout>
Layout* tight(Layout* layout, int spacing_px = 8) {
  layout->setContentsMargins(0, 0, 0, 0);
  layout->setSpacing(spacing_px);
  return layout;
}

template <class Widget>
Widget* withTip(Widget* widget, const QString& tip) {
  widget->setToolTip(tip);
  return widget;
}

}  // namespace orrery::ui
