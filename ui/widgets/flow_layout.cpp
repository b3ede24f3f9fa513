#include "ui/widgets/flow_layout.h"

#include <QWidget>
#include <algorithm>

namespace orrery::ui {

FlowLayout::FlowLayout(int spacing_px, bool stretch) : stretch_(stretch) {
  setContentsMargins(0, 0, 0, 0);
  setSpacing(spacing_px);
}

FlowLayout::~FlowLayout() {
  while (QLayoutItem* item = takeAt(0)) delete item;
}

void FlowLayout::setGeometry(const QRect& rect) {
  QLayout::setGeometry(rect);
  arrange(rect, true);
}

QSize FlowLayout::minimumSize() const {
  QSize size;
  for (const QLayoutItem* item : items_) size = size.expandedTo(item->minimumSize());
  const QMargins margins = contentsMargins();
  return size + QSize(margins.left() + margins.right(), margins.top() + margins.bottom());
}

int FlowLayout::arrange(const QRect& rect, bool apply) const {
  const QRect area = rect.marginsRemoved(contentsMargins());
  int y = area.y();
  for (int first = 0; first < items_.size();) {
    // As many as fit, then their line as high as the highest.
    int last = first, used = 0;
    while (last < items_.size()) {
      if (items_[last]->isEmpty()) {
        ++last;
        continue;
      }
      const int width = items_[last]->sizeHint().width();
      if (used > 0 && used + spacing() + width > area.width()) break;
      used += (used > 0 ? spacing() : 0) + width;
      ++last;
    }
    int shown = 0;
    for (int i = first; i < last; ++i) shown += items_[i]->isEmpty() ? 0 : 1;
    const int extra = stretch_ && shown > 0 ? std::max(0, area.width() - used) / shown : 0;
    int x = area.x(), height = 0;
    for (int i = first; i < last; ++i) {
      if (items_[i]->isEmpty()) continue;
      const int width = std::min(area.width(), items_[i]->sizeHint().width() + extra);
      height = std::max(height, items_[i]->hasHeightForWidth() ? items_[i]->heightForWidth(width) : items_[i]->sizeHint().height());
    }
    for (int i = first; apply && i < last; ++i) {
      if (items_[i]->isEmpty()) continue;
      const int width = std::min(area.width(), items_[i]->sizeHint().width() + extra);
      items_[i]->setGeometry(QRect(x, y, width, stretch_ ? height : items_[i]->sizeHint().height()));
      x += width + spacing();
    }
    if (shown > 0) y += height + spacing();
    first = last;
  }
  return std::max(0, y - spacing() - rect.y()) + contentsMargins().bottom();
}

}  // namespace orrery::ui
