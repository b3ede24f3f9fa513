#include "ui/tape/tape_tree.h"

#include <QApplication>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLineEdit>
#include <QPainter>
#include <QStyledItemDelegate>
#include <map>

#include "ui/style/colors.h"
#include "ui/style/icons.h"
#include "ui/widgets/format.h"

namespace orrery::ui {
namespace {

constexpr int kId = Qt::UserRole, kAt = Qt::UserRole + 1, kSign = Qt::UserRole + 2;

// The name, and quietly at the right the step that a branch begins at.
class Delegate : public QStyledItemDelegate {
 public:
  using QStyledItemDelegate::QStyledItemDelegate;
  QWidget* createEditor(QWidget* parent, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    QWidget* editor = QStyledItemDelegate::createEditor(parent, option, index);
    if (auto* line = qobject_cast<QLineEdit*>(editor)) {
      line->setMaxLength(80);
      line->setAccessibleName(TapeTree::tr("Name of the tape"));
    }
    return editor;
  }
  void initStyleOption(QStyleOptionViewItem* option, const QModelIndex& index) const override {
    QStyledItemDelegate::initStyleOption(option, index);
    option->icon = icon(index.data(kSign).toString(), colorsOf(QApplication::palette()).dim);  // the same on a chosen line
  }
  void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override {
    QStyledItemDelegate::paint(painter, option, index);
    const QString at = index.data(kAt).toString();
    if (at.isEmpty()) return;
    painter->setPen(colorsOf(QApplication::palette()).dim);
    painter->drawText(option.rect.adjusted(0, 0, -8, 0), Qt::AlignRight | Qt::AlignVCenter, at);
  }
};

}  // namespace

TapeTree::TapeTree(TapeDesk& desk, Session& session, QWidget* parent) : QTreeWidget(parent), desk_(desk), session_(session) {
  setColumnCount(1);
  setHeaderHidden(true);
  setRootIsDecorated(false);
  setIndentation(12);
  setIconSize({14, 14});
  setItemDelegate(new Delegate(this));
  header()->setStretchLastSection(true);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setEditTriggers(QAbstractItemView::DoubleClicked | QAbstractItemView::EditKeyPressed);
  setTextElideMode(Qt::ElideRight);
  setAccessibleName(tr("Tapes and their branches"));
  setToolTip(tr("Kept tapes: choose one to show it, F2 renames, Delete closes"));
  connect(&desk_, &TapeDesk::listChanged, this, &TapeTree::refresh);
  connect(&desk_, &TapeDesk::tapeChanged, this, &TapeTree::refresh);
  connect(this, &QTreeWidget::currentItemChanged, this, [this](QTreeWidgetItem* item) {
    if (item && !filling_) desk_.select(item->data(0, kId).toULongLong());
  });
  connect(this, &QTreeWidget::itemChanged, this, [this](QTreeWidgetItem* item, int column) {
    if (filling_ || column != 0) return;
    const TapeId id = item->data(0, kId).toULongLong();
    const TapeInfo* info = desk_.book().find(id);
    if (item->text(0).trimmed().isEmpty() && info) {
      filling_ = true;
      item->setText(0, QString::fromStdString(info->name));
      filling_ = false;
      return;
    }
    desk_.rename(id, item->text(0));
  });
  refresh();
}

TapeId TapeTree::current() const { return currentItem() ? currentItem()->data(0, kId).toULongLong() : 0; }

QTreeWidgetItem* TapeTree::itemOf(TapeId id) const {
  for (QTreeWidgetItemIterator it(const_cast<TapeTree*>(this)); *it; ++it) {
    if ((*it)->data(0, kId).toULongLong() == id) return *it;
  }
  return nullptr;
}

void TapeTree::editCurrent() {
  if (currentItem()) editItem(currentItem(), 0);
}

void TapeTree::refresh() {
  if (state() == EditingState) return;  // somebody types; the next change brings it up to date
  const auto tapes = desk_.tapesOfModel();
  const TapeInfo* now = desk_.tape();
  filling_ = true;
  std::map<TapeId, QTreeWidgetItem*> items;
  for (QTreeWidgetItemIterator it(this); *it; ++it) items[(*it)->data(0, kId).toULongLong()] = *it;
  // Rebuilt only when tapes came, went or moved: a growing tape must not fold the tree up.
  bool same = items.size() == tapes.size();
  for (const TapeInfo* tape : tapes) {
    const auto found = items.find(tape->id);
    const TapeId above = found != items.end() && found->second->parent() ? found->second->parent()->data(0, kId).toULongLong() : 0;
    const bool parent_listed = std::any_of(tapes.begin(), tapes.end(), [&](const TapeInfo* other) { return other->id == tape->parent; });
    same = same && found != items.end() && above == (parent_listed ? tape->parent : 0);
  }
  if (!same) {
    clear();
    items.clear();
    for (const TapeInfo* tape : tapes) items[tape->id] = new QTreeWidgetItem;
    for (const TapeInfo* tape : tapes) {
      QTreeWidgetItem* item = items[tape->id];
      const auto parent = items.find(tape->parent);
      if (tape->parent != tape->id && parent != items.end()) {
        parent->second->addChild(item);
      } else {
        addTopLevelItem(item);
      }
      item->setData(0, kId, static_cast<qulonglong>(tape->id));
      item->setFlags(Qt::ItemIsSelectable | Qt::ItemIsEnabled | Qt::ItemIsEditable);
    }
    expandAll();
  }
  for (const TapeInfo* tape : tapes) {
    QTreeWidgetItem* item = items[tape->id];
    const bool is_branch = !tape->request.branches.empty();
    item->setText(0, QString::fromStdString(tape->name));
    item->setData(0, kSign, is_branch ? QStringLiteral("branch") : QStringLiteral("tape"));
    item->setIcon(0, icon(is_branch ? QStringLiteral("branch") : QStringLiteral("tape")));
    item->setData(0, kAt, is_branch ? tr("at %1").arg(tape->branch_step) : QString());
    item->setToolTip(0, is_branch ? tr("%1, a branch from step %2").arg(QString::fromStdString(tape->name)).arg(tape->branch_step)
                                  : tr("%1, %2 steps, %3").arg(QString::fromStdString(tape->name)).arg(tape->steps.empty() ? 0 : tape->steps.size() - 1).arg(formatBytes(static_cast<std::int64_t>(tape->memory_bytes + tape->disk_bytes))));
  }
  if (now && items.contains(now->id)) setCurrentItem(items[now->id]);
  filling_ = false;
}

void TapeTree::keyPressEvent(QKeyEvent* event) {
  if ((event->key() == Qt::Key_Delete || event->key() == Qt::Key_Backspace) && current() != 0) return desk_.close(current());
  QTreeWidget::keyPressEvent(event);
}

void TapeTree::contextMenuEvent(QContextMenuEvent* event) { Q_EMIT menuWanted(event->globalPos()); }

}  // namespace orrery::ui
