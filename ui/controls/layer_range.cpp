#include "ui/controls/layer_range.h"

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "ui/style/colors.h"

namespace orrery::ui {

LayerRangeEditor::LayerRangeEditor(QWidget* parent) : Editor(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setMinimumHeight(26);
}

void LayerRangeEditor::setSpec(const ControlSpec& spec) {
  min_ = static_cast<int>(spec.min), max_ = std::max(min_, static_cast<int>(spec.max));
  if (const auto* range = std::get_if<std::vector<double>>(&spec.neutral); range && range->size() == 2) {
    neutral_first_ = static_cast<int>((*range)[0]), neutral_last_ = static_cast<int>((*range)[1]);
  }
  update();
}

void LayerRangeEditor::setValue(const Value& value) {
  const auto* range = std::get_if<std::vector<double>>(&value);
  if (!range || range->size() != 2) return;
  first_ = std::clamp(static_cast<int>(std::lround((*range)[0])), min_, max_);
  last_ = std::clamp(static_cast<int>(std::lround((*range)[1])), first_, max_);
  update();
}

QRectF LayerRangeEditor::bar() const { return {0, 6, static_cast<double>(std::max(10, width() - 52)), height() - 12.0}; }

int LayerRangeEditor::layerAt(double x) const {
  return std::clamp(min_ + static_cast<int>(std::floor((x - bar().left()) / cell())), min_, max_);
}

void LayerRangeEditor::change(int first, int last) {
  first = std::clamp(first, min_, max_);
  last = std::clamp(last, first, max_);
  if (first == first_ && last == last_) return;
  first_ = first, last_ = last;
  setAccessibleDescription(tr("layers %1 to %2").arg(first_).arg(last_));
  update();
  Q_EMIT changed(std::vector<double>{static_cast<double>(first_), static_cast<double>(last_)});
}

void LayerRangeEditor::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Colors& colors = colorsOf(palette());
  const QColor accent = isEnabled() ? palette().color(QPalette::Highlight) : colors.line;
  const QRectF all = bar();
  const double gap = cell() > 6.0 ? 1.0 : 0.0;
  painter.setPen(Qt::NoPen);
  for (int layer = min_; layer <= max_; ++layer) {
    const bool in = layer >= first_ && layer <= last_;
    painter.setBrush(in ? accent : mixed(colors.field, colors.line, 0.6));
    const QRectF box(all.left() + (layer - min_) * cell(), all.top(), cell() - gap, all.height());
    gap > 0.0 ? painter.drawRoundedRect(box, 1.5, 1.5) : painter.drawRect(box);
  }
  if (hasFocus()) {
    const int layer = key_moves_last_ ? last_ : first_;
    painter.setPen(QPen(colors.text, 1.5));
    painter.setBrush(Qt::NoBrush);
    painter.drawRoundedRect(QRectF(all.left() + (layer - min_) * cell() - 1, all.top() - 2, cell() - gap + 2, all.height() + 4), 2.5, 2.5);
  }
  painter.setPen(isEnabled() ? colors.text : colors.faint);
  painter.drawText(QRectF(all.right() + 4, 0, 48, height()), Qt::AlignVCenter | Qt::AlignRight,
                   first_ == last_ ? QString::number(first_) : QStringLiteral("%1–%2").arg(first_).arg(last_));
}

void LayerRangeEditor::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return event->ignore();
  grabbed_ = layerAt(event->position().x());
  const double x = (event->position().x() - bar().left()) / cell() + min_;
  const double to_first = std::abs(x - first_), to_last = std::abs(x - (last_ + 1));
  const double near = std::max(0.75, 6.0 / cell());
  // The edges are handles, the middle moves both, and outside the nearer edge comes.
  if (to_first <= near && to_first <= to_last)
    part_ = Part::first;
  else if (to_last <= near)
    part_ = Part::last;
  else if (grabbed_ > first_ && grabbed_ < last_)
    part_ = Part::whole;
  else
    part_ = grabbed_ < first_ ? Part::first : Part::last;
  key_moves_last_ = part_ != Part::first;
  mouseMoveEvent(event);
}

void LayerRangeEditor::mouseMoveEvent(QMouseEvent* event) {
  if (part_ == Part::none) return;
  const int layer = layerAt(event->position().x());
  if (part_ == Part::first) change(std::min(layer, last_), last_);
  if (part_ == Part::last) change(first_, std::max(layer, first_));
  if (part_ == Part::whole && layer != grabbed_) {
    const int by = std::clamp(layer - grabbed_, min_ - first_, max_ - last_);
    grabbed_ += by;
    const int span = last_ - first_;
    change(first_ + by, first_ + by + span);
  }
}

void LayerRangeEditor::mouseReleaseEvent(QMouseEvent*) {
  if (std::exchange(part_, Part::none) != Part::none) Q_EMIT gestureEnded();
}

void LayerRangeEditor::mouseDoubleClickEvent(QMouseEvent*) {
  change(neutral_first_, neutral_last_);
  Q_EMIT gestureEnded();
}

void LayerRangeEditor::keyPressEvent(QKeyEvent* event) {
  const int by = event->key() == Qt::Key_Right || event->key() == Qt::Key_Up    ? 1
                 : event->key() == Qt::Key_Left || event->key() == Qt::Key_Down ? -1
                                                                                : 0;
  if (by) {
    key_moves_last_ ? change(first_, std::max(first_, last_ + by)) : change(std::min(last_, first_ + by), last_);
    return;
  }
  if (event->key() == Qt::Key_Space) {
    key_moves_last_ = !key_moves_last_;
    update();
    return;
  }
  if (event->key() == Qt::Key_Home) return change(min_, last_);
  if (event->key() == Qt::Key_End) return change(first_, max_);
  if (event->key() == Qt::Key_Delete) return change(neutral_first_, neutral_last_);
  QWidget::keyPressEvent(event);
}

}  // namespace orrery::ui
