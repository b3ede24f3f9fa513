#include "ui/controls/class_blend.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollArea>
#include <QVBoxLayout>
#include <algorithm>
#include <numeric>

#include "ui/style/colors.h"
#include "ui/widgets/format.h"

namespace orrery::ui {
namespace {

constexpr int kMostRowsShown = 8;
constexpr double kNameWidth = 88.0;
constexpr double kNumberWidth = 40.0;

}  // namespace

ClassStrips::ClassStrips(QWidget* parent) : QWidget(parent) {
  setFocusPolicy(Qt::StrongFocus);
  setMouseTracking(true);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void ClassStrips::setNames(const QStringList& names) {
  if (names == names_) return;
  names_ = names;
  weights_.assign(static_cast<std::size_t>(names.size()), 0.0);
  layOut();
}

void ClassStrips::setWeights(const std::vector<double>& weights) {
  std::vector<double> fitted = weights;
  fitted.resize(static_cast<std::size_t>(names_.size()), 0.0);
  if (fitted == weights_) return;
  weights_ = fitted;
  update();
}

void ClassStrips::setFilter(const QString& filter) {
  filter_ = filter;
  layOut();
}

void ClassStrips::layOut() {
  shown_.clear();
  for (int i = 0; i < names_.size(); ++i) {
    if (filter_.isEmpty() || names_[i].contains(filter_, Qt::CaseInsensitive)) shown_.push_back(i);
  }
  current_ = std::clamp(current_, 0, std::max(0, shownRows() - 1));
  setFixedHeight(std::max(1, shownRows()) * kRowHeight);
  update();
}

QRectF ClassStrips::barOf(int row) const {
  return {kNameWidth, row * kRowHeight + 9.0, std::max(20.0, width() - kNameWidth - kNumberWidth), 4.0};
}

void ClassStrips::paintEvent(QPaintEvent* event) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const Colors& colors = colorsOf(palette());
  const QColor accent = isEnabled() ? palette().color(QPalette::Highlight) : colors.line;
  const double sum = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  const int first = std::max(0, event->rect().top() / kRowHeight), last = std::min(shownRows() - 1, event->rect().bottom() / kRowHeight);
  for (int row = first; row <= last; ++row) {
    const int index = shown_[static_cast<std::size_t>(row)];
    const double weight = std::max(0.0, weights_[static_cast<std::size_t>(index)]);
    const bool strong = row == hover_ || (hasFocus() && row == current_);
    painter.setPen(!isEnabled() ? colors.faint : weight > 0.0 || strong ? colors.text : colors.dim);
    const QRectF name(0, row * kRowHeight, kNameWidth - 8, kRowHeight);
    painter.drawText(name, Qt::AlignVCenter | Qt::AlignLeft,
                     fontMetrics().elidedText(names_[index], Qt::ElideRight, static_cast<int>(name.width())));
    const QRectF bar = barOf(row);
    painter.setPen(Qt::NoPen);
    painter.setBrush(mixed(colors.field, colors.line, 0.6));
    painter.drawRoundedRect(bar, 2, 2);
    const double filled = bar.width() * std::min(1.0, weight);
    painter.setBrush(accent);
    if (filled > 0.0) painter.drawRoundedRect(QRectF(bar.topLeft(), QSizeF(filled, bar.height())), 2, 2);
    if (isEnabled() && (strong || weight > 0.0)) {
      painter.setBrush(hasFocus() && row == current_ ? accent : strong ? colors.text : mixed(colors.dim, colors.text, 0.5));
      painter.drawEllipse(QPointF(bar.left() + filled, bar.center().y()), strong ? 5 : 4, strong ? 5 : 4);
    }
    painter.setPen(!isEnabled() ? colors.faint : weight > 0.0 ? colors.text : colors.faint);
    painter.drawText(QRectF(width() - kNumberWidth, row * kRowHeight, kNumberWidth, kRowHeight), Qt::AlignVCenter | Qt::AlignRight,
                     sum > 0.0 ? QStringLiteral("%1%").arg(formatNumber(weight / sum * 100.0, 0)) : QStringLiteral("0%"));
  }
}

void ClassStrips::put(int row, double weight) {
  if (row < 0 || row >= shownRows()) return;
  double& mine = weights_[static_cast<std::size_t>(shown_[static_cast<std::size_t>(row)])];
  weight = std::clamp(weight, 0.0, 1.0);
  if (mine == weight) return;
  mine = weight;
  update();
  Q_EMIT changed();
}

void ClassStrips::solo(int row) {
  if (row < 0 || row >= shownRows()) return;
  std::fill(weights_.begin(), weights_.end(), 0.0);
  weights_[static_cast<std::size_t>(shown_[static_cast<std::size_t>(row)])] = 1.0;
  update();
  Q_EMIT changed();
}

void ClassStrips::mousePressEvent(QMouseEvent* event) {
  const int row = static_cast<int>(event->position().y()) / kRowHeight;
  if (event->button() != Qt::LeftButton || row < 0 || row >= shownRows()) return;
  current_ = row;
  if (event->position().x() < kNameWidth - 8) {
    solo(row);
    Q_EMIT gestureEnded();
    return;
  }
  dragged_ = row;
  mouseMoveEvent(event);
}

void ClassStrips::mouseMoveEvent(QMouseEvent* event) {
  if (dragged_ < 0) {
    const int row = static_cast<int>(event->position().y()) / kRowHeight;
    if (row != std::exchange(hover_, row)) update();
    return;
  }
  const QRectF bar = barOf(dragged_);
  put(dragged_, std::round((event->position().x() - bar.left()) / bar.width() * 100.0) / 100.0);
}

void ClassStrips::mouseReleaseEvent(QMouseEvent*) {
  if (std::exchange(dragged_, -1) >= 0) Q_EMIT gestureEnded();
}

void ClassStrips::mouseDoubleClickEvent(QMouseEvent* event) {
  const int row = static_cast<int>(event->position().y()) / kRowHeight;
  put(row, 0.0);
  Q_EMIT gestureEnded();
}

void ClassStrips::keyPressEvent(QKeyEvent* event) {
  if (shown_.empty()) return QWidget::keyPressEvent(event);
  const double step = event->modifiers() & Qt::ShiftModifier ? 0.01 : event->modifiers() & Qt::ControlModifier ? 0.25 : 0.05;
  const double now = weights_[static_cast<std::size_t>(shown_[static_cast<std::size_t>(current_)])];
  switch (event->key()) {
    case Qt::Key_Up:
      current_ = std::max(0, current_ - 1);
      break;
    case Qt::Key_Down:
      current_ = std::min(shownRows() - 1, current_ + 1);
      break;
    case Qt::Key_Left:
      put(current_, now - step);
      break;
    case Qt::Key_Right:
      put(current_, now + step);
      break;
    case Qt::Key_Return:
    case Qt::Key_Enter:
      solo(current_);
      break;
    case Qt::Key_Delete:
      put(current_, 0.0);
      break;
    default:
      return QWidget::keyPressEvent(event);
  }
  setAccessibleDescription(QStringLiteral("%1: %2%").arg(
      names_[shown_[static_cast<std::size_t>(current_)]],
      formatNumber(weights_[static_cast<std::size_t>(shown_[static_cast<std::size_t>(current_)])] * 100.0, 0)));
  Q_EMIT rowMadeVisible(current_ * kRowHeight);
  update();
}

void ClassStrips::leaveEvent(QEvent*) {
  hover_ = -1;
  update();
}

ClassBlendEditor::ClassBlendEditor(QWidget* parent)
    : Editor(parent), search_(new QLineEdit(this)), scroll_(new QScrollArea(this)), strips_(new ClassStrips) {
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  search_->setPlaceholderText(tr("Find a class"));
  search_->setAccessibleName(tr("Find a class"));
  search_->setClearButtonEnabled(true);
  column->addWidget(search_);
  scroll_->setWidget(strips_);
  scroll_->setWidgetResizable(true);
  scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroll_->setFocusPolicy(Qt::NoFocus);
  column->addWidget(scroll_);
  connect(search_, &QLineEdit::textChanged, strips_, &ClassStrips::setFilter);
  connect(strips_, &ClassStrips::changed, this, [this] { Q_EMIT changed(strips_->weights()); });
  connect(strips_, &ClassStrips::gestureEnded, this, &Editor::gestureEnded);
  connect(strips_, &ClassStrips::rowMadeVisible, this,
          [this](int y) { scroll_->ensureVisible(0, y + ClassStrips::kRowHeight / 2, 0, ClassStrips::kRowHeight); });
}

void ClassBlendEditor::setSpec(const ControlSpec& spec) {
  QStringList names;
  for (const auto& choice : spec.choices) names << QString::fromStdString(choice);
  strips_->setNames(names);
  search_->setVisible(names.size() > kMostRowsShown);
  scroll_->setFixedHeight(std::clamp(static_cast<int>(names.size()), 1, kMostRowsShown) * ClassStrips::kRowHeight);
  setVisible(!names.isEmpty());
}

void ClassBlendEditor::setValue(const Value& value) {
  if (const auto* weights = std::get_if<std::vector<double>>(&value)) strips_->setWeights(*weights);
}

}  // namespace orrery::ui
