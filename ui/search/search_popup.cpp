#include "ui/search/search_popup.h"

#include <QKeyEvent>
#include <QLineEdit>
#include <QListWidget>
#include <QPainter>
#include <QStyledItemDelegate>
#include <QVBoxLayout>

#include "ui/style/colors.h"
#include "ui/style/icons.h"

namespace orrery::ui {
namespace {

constexpr int kRow = 32;
constexpr std::size_t kMost = 40;
constexpr int kRowsShown = 11;
enum Role { kKind = Qt::UserRole, kNote, kIcon };

class RowDelegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override { return {100, kRow}; }
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    const Colors& colors = colorsOf(option.palette);
    const bool on = option.state & QStyle::State_Selected;
    painter->setRenderHint(QPainter::Antialiasing);
    if (on) {
      painter->setPen(Qt::NoPen);
      painter->setBrush(colors.hover);
      painter->drawRoundedRect(QRectF(option.rect).adjusted(4, 1, -4, -1), 4, 4);
    }
    paintIcon(*painter, index.data(kIcon).toString(), QRectF(option.rect.left() + 14, option.rect.center().y() - 7.5, 16, 16),
              on ? option.palette.color(QPalette::Highlight) : colors.dim);
    const QString kind = index.data(kKind).toString(), note = index.data(kNote).toString();
    QRect text = option.rect.adjusted(40, 0, -14, 0);
    painter->setPen(colors.dim);
    const QString right = note.isEmpty() ? kind : kind + QStringLiteral("   ") + note;
    painter->drawText(text, Qt::AlignVCenter | Qt::AlignRight, right);
    text.setRight(text.right() - option.fontMetrics.horizontalAdvance(right) - 12);
    painter->setPen(colors.text);
    painter->drawText(text, Qt::AlignVCenter | Qt::AlignLeft,
                      option.fontMetrics.elidedText(index.data(Qt::DisplayRole).toString(), Qt::ElideRight, text.width()));
  }
};

}  // namespace

SearchPopup::SearchPopup(QWidget* parent) : QFrame(parent, Qt::Popup) {
  setObjectName(QStringLiteral("search-popup"));
  auto* column = new QVBoxLayout(this);
  column->setContentsMargins(1, 1, 1, 4);
  column->setSpacing(4);
  line_ = new QLineEdit;
  line_->setPlaceholderText(tr("A control, model, verb or system; \"truncation 0.5\" sets it"));
  line_->setAccessibleName(tr("Search anything"));
  line_->addAction(icon(QStringLiteral("search")), QLineEdit::LeadingPosition);
  line_->installEventFilter(this);
  column->addWidget(line_);
  list_ = new QListWidget;
  list_->setItemDelegate(new RowDelegate(list_));
  list_->setFocusPolicy(Qt::NoFocus);
  list_->setUniformItemSizes(true);
  list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  list_->setAccessibleName(tr("Found"));
  column->addWidget(list_);
  connect(line_, &QLineEdit::textChanged, this, &SearchPopup::refresh);
  connect(list_, &QListWidget::itemClicked, this, &SearchPopup::runCurrent);
}

void SearchPopup::open(const QRect& over, std::vector<SearchEntry> entries) {
  all_ = std::move(entries);
  line_->clear();
  refresh();
  const int width_px = std::max(520, over.width());
  setFixedWidth(width_px);
  move(over.center().x() - width_px / 2, over.top() - 4);
  show();
  line_->setFocus(Qt::PopupFocusReason);
}

void SearchPopup::refresh() {
  shown_ = found(all_, line_->text(), kMost);
  list_->clear();
  for (const auto& entry : shown_) {
    auto* item = new QListWidgetItem(entry.title, list_);
    item->setData(kKind, entry.kind);
    item->setData(kNote, entry.note);
    item->setData(kIcon, entry.icon);
    item->setData(Qt::AccessibleTextRole, QStringLiteral("%1, %2").arg(entry.title, entry.kind));
  }
  list_->setCurrentRow(0);
  list_->setFixedHeight(kRow * std::clamp(static_cast<int>(shown_.size()), 1, kRowsShown));
  adjustSize();
}

int SearchPopup::count() const { return list_->count(); }
QString SearchPopup::titleAt(int row) const { return list_->item(row) ? list_->item(row)->text() : QString(); }

void SearchPopup::runCurrent() {
  const int row = list_->currentRow();
  if (row < 0 || row >= static_cast<int>(shown_.size())) return;
  const auto run = shown_[static_cast<std::size_t>(row)].run;
  hide();
  if (run) run();
}

bool SearchPopup::eventFilter(QObject* watched, QEvent* event) {
  if (watched != line_ || event->type() != QEvent::KeyPress) return QFrame::eventFilter(watched, event);
  const int row = list_->currentRow(), last = list_->count() - 1;
  switch (static_cast<QKeyEvent*>(event)->key()) {
    case Qt::Key_Down:
      list_->setCurrentRow(row >= last ? 0 : row + 1);
      return true;
    case Qt::Key_Up:
      list_->setCurrentRow(row <= 0 ? last : row - 1);
      return true;
    case Qt::Key_PageDown:
      list_->setCurrentRow(std::min(last, row + kRowsShown));
      return true;
    case Qt::Key_PageUp:
      list_->setCurrentRow(std::max(0, row - kRowsShown));
      return true;
    case Qt::Key_Return:
    case Qt::Key_Enter:
      runCurrent();
      return true;
    case Qt::Key_Escape:
      hide();
      return true;
    default:
      return QFrame::eventFilter(watched, event);
  }
}

}  // namespace orrery::ui
