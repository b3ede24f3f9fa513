#include "ui/shelf/shelf_panel.h"

#include <QAction>
#include <QActionGroup>
#include <QFileDialog>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QKeyEvent>
#include <QLineEdit>
#include <QMenu>
#include <QToolButton>
#include <QTreeView>
#include <QVBoxLayout>

#include "ui/project/attached.h"
#include "ui/project/reveal_file.h"
#include "ui/shelf/shelf_delegate.h"
#include "ui/style/icons.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/tight.h"

namespace orrery::ui {

ShelfPanel::ShelfPanel(Session& session, QWidget* parent) : QWidget(parent), session_(session), keeper_(attached<ShelfKeeper>(session)) {
  model_ = new ShelfModel(keeper_, this);
  search_ = new QLineEdit;
  search_->setPlaceholderText(tr("Search, #tag"));
  search_->setAccessibleName(tr("Search the shelf"));
  search_->setClearButtonEnabled(true);
  search_->installEventFilter(this);
  sort_ = makeIconButton(QStringLiteral("sort"), tr("Order"));
  auto* orders = new QMenu(sort_);
  auto* group = new QActionGroup(orders);
  for (const auto& [text, order] : {std::pair(tr("Newest first"), ShelfOrder::newest), {tr("By name"), ShelfOrder::name}, {tr("Largest first"), ShelfOrder::size}}) {
    QAction* action = orders->addAction(text, this, [this, order] { model_->setOrder(order); });
    action->setCheckable(true);
    action->setChecked(order == model_->order());
    group->addAction(action);
  }
  sort_->setMenu(orders);
  sort_->setPopupMode(QToolButton::InstantPopup);

  tree_ = new QTreeView;
  tree_->setModel(model_);
  tree_->setItemDelegate(new ShelfDelegate(tree_));
  tree_->setHeaderHidden(true);
  tree_->setRootIsDecorated(false);
  tree_->setIndentation(0);
  tree_->setUniformRowHeights(false);
  tree_->setMouseTracking(true);
  tree_->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
  tree_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  tree_->setEditTriggers(QAbstractItemView::EditKeyPressed);
  tree_->setExpandsOnDoubleClick(false);
  tree_->setContextMenuPolicy(Qt::CustomContextMenu);
  tree_->setAccessibleName(tr("Shelf"));
  tree_->setAccessibleDescription(tr("Enter opens, F2 renames, Delete takes off the shelf, the menu key shows what else can be done."));
  tree_->installEventFilter(this);

  tags_ = new QLineEdit;
  tags_->setPlaceholderText(tr("Tags, by spaces; Enter keeps them"));
  tags_->setAccessibleName(tr("Tags"));
  tags_->installEventFilter(this);
  tags_->hide();

  auto* top = tight(new QHBoxLayout, 4);
  top->setContentsMargins(8, 8, 6, 6);
  top->addWidget(search_, 1);
  top->addWidget(sort_);
  auto* bottom = tight(new QHBoxLayout);
  bottom->setContentsMargins(8, 4, 8, 6);
  bottom->addWidget(tags_);
  auto* column = tight(new QVBoxLayout(this), 0);
  column->addLayout(top);
  column->addWidget(tree_, 1);
  column->addLayout(bottom);

  connect(search_, &QLineEdit::textChanged, model_, &ShelfModel::setSearch);
  connect(tree_, &QTreeView::activated, this, &ShelfPanel::open);
  connect(tree_, &QTreeView::clicked, this, [this](const QModelIndex& index) {
    if (!model_->entry(index)) tree_->setExpanded(index, !tree_->isExpanded(index));
  });
  connect(tree_, &QTreeView::customContextMenuRequested, this, &ShelfPanel::showMenu);
  connect(model_, &ShelfModel::modelAboutToBeReset, this, &ShelfPanel::keepPlace);
  connect(model_, &ShelfModel::modelReset, this, &ShelfPanel::restorePlace);
  connect(tags_, &QLineEdit::returnPressed, this, [this] {
    QStringList tags;
    for (QString tag : tags_->text().split(QLatin1Char(' '), Qt::SkipEmptyParts)) tags << (tag.startsWith(QLatin1Char('#')) ? tag.mid(1) : tag);
    tags.removeAll(QString());
    tags.removeDuplicates();
    tags_->hide();
    tree_->setFocus();
    keeper_.setTags(tags_of_, tags);
  });
  restorePlace();
}

void ShelfPanel::keepPlace() {
  chosen_ = tree_->currentIndex().data(ShelfModel::PathRole).toString();
  for (int i = 0; i < 4; ++i) folded_[i] = !tree_->isExpanded(model_->index(i, 0));
}

void ShelfPanel::restorePlace() {
  for (int i = 0; i < 4; ++i) tree_->setExpanded(model_->index(i, 0), !folded_[i]);
  const QModelIndex index = model_->indexOf(chosen_);
  if (index.isValid()) tree_->setCurrentIndex(index);
}

void ShelfPanel::open(const QModelIndex& index) {
  if (const ShelfEntry* entry = model_->entry(index)) {
    keeper_.open(ShelfEntry(*entry));
  } else if (index.isValid()) {
    tree_->setExpanded(index, !tree_->isExpanded(index));
  }
}

void ShelfPanel::compare(const ShelfEntry& entry) {
  const int active = session_.activeView();
  if (session_.viewCount() < 2) session_.setViewCount(2);
  // The other view shows it; the one at hand stays as it is.
  const int other = active == 0 ? 1 : 0;
  session_.openWorkspace(QStringLiteral("compare"));
  for (const auto& model : session_.models()) {
    if (entry.path == QString::fromStdString(model.id) || (!model.path.empty() && entry.path == QString::fromStdString(model.path))) return session_.showModel(model.id, other);
  }
  session_.setActiveView(other);
  session_.openPath(entry.path);
}

void ShelfPanel::locate(const ShelfEntry& entry) {
  auto* dialog = new QFileDialog(this, tr("Where is %1?").arg(entry.name), QFileInfo(entry.path).absolutePath());
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setModal(false);
  dialog->setFileMode(entry.kind == ShelfKind::run ? QFileDialog::Directory : QFileDialog::ExistingFile);
  const QString path = entry.path;
  connect(dialog, &QFileDialog::fileSelected, this, [this, path](const QString& found) { keeper_.relocate(path, found); });
  dialog->show();
}

void ShelfPanel::editTags(const ShelfEntry& entry) {
  tags_of_ = entry.path;
  tags_->setText(entry.tags.join(QLatin1Char(' ')));
  tags_->show();
  tags_->setFocus();
  tags_->selectAll();
}

QList<QAction*> ShelfPanel::actionsFor(const ShelfEntry& entry, QObject* owner) {
  QList<QAction*> actions;
  const auto add = [&](const QString& name, const QString& icon_name, const QString& text, std::function<void()> act, bool enabled = true) {
    auto* action = new QAction(icon(icon_name), text, owner);
    action->setObjectName(name);
    action->setEnabled(enabled);
    connect(action, &QAction::triggered, this, std::move(act));
    actions << action;
  };
  const auto separate = [&] {
    auto* line = new QAction(owner);
    line->setSeparator(true);
    actions << line;
  };
  const bool missing = keeper_.missing(entry.path), file = !isBuiltIn(entry.path);
  const bool plays = entry.kind == ShelfKind::model || entry.kind == ShelfKind::run;
  if (missing) add(QStringLiteral("locate"), QStringLiteral("locate"), tr("Locate..."), [this, entry] { locate(entry); });
  add(QStringLiteral("open"), QStringLiteral("eye"), tr("Open"), [this, entry] { keeper_.open(entry); }, !missing);
  if (plays) add(QStringLiteral("compare"), QStringLiteral("compare"), tr("Compare with current"), [this, entry] { compare(entry); }, !missing && session_.model());
  if (entry.kind == ShelfKind::data) {
    add(QStringLiteral("train"), QStringLiteral("train"), tr("Train on this"), [this, entry] { session_.openSheet(QStringLiteral("new-run"), {QStringLiteral("data=") + entry.path}); }, !missing);
  }
  if (entry.kind == ShelfKind::run) {
    add(QStringLiteral("fork"), QStringLiteral("branch"), tr("Fork run"), [this, entry] { session_.openSheet(QStringLiteral("new-run"), {QStringLiteral("fork=") + entry.path}); }, !missing);
    add(QStringLiteral("resume"), QStringLiteral("play"), tr("Go on training"), [this, entry] { session_.openSheet(QStringLiteral("new-run"), {QStringLiteral("resume=") + entry.path}); }, !missing);
  }
  separate();
  if (file) add(QStringLiteral("reveal"), QStringLiteral("folder"), tr("Show in folder"), [entry] { revealFile(entry.path); }, !missing);
  add(QStringLiteral("rename"), QStringLiteral("pencil"), tr("Rename"), [this, entry] {
    const QModelIndex index = model_->indexOf(entry.path);
    tree_->setCurrentIndex(index);
    tree_->edit(index);
  });
  add(QStringLiteral("tags"), QStringLiteral("tag"), tr("Tags..."), [this, entry] { editTags(entry); });
  separate();
  add(QStringLiteral("remove"), QStringLiteral("minus"), tr("Remove from shelf"), [this, entry] { keeper_.remove(entry.path); }, !entry.starter);
  return actions;
}

void ShelfPanel::showMenu(const QPoint& at) {
  const ShelfEntry* entry = model_->entry(tree_->indexAt(at));
  if (!entry) return;
  QMenu menu(this);
  menu.addActions(actionsFor(ShelfEntry(*entry), &menu));
  menu.exec(tree_->viewport()->mapToGlobal(at));
}

bool ShelfPanel::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() != QEvent::KeyPress) return false;
  const int key = static_cast<QKeyEvent*>(event)->key();
  if (watched == tree_ && key == Qt::Key_Delete) {
    if (const ShelfEntry* entry = model_->entry(tree_->currentIndex())) keeper_.remove(QString(entry->path));
    return true;
  }
  if (watched == search_ && key == Qt::Key_Down) {
    tree_->setFocus();
    if (!model_->entry(tree_->currentIndex())) {
      for (int i = 0; i < 4; ++i) {
        if (model_->rowCount(model_->index(i, 0)) > 0) {
          tree_->setCurrentIndex(model_->index(0, 0, model_->index(i, 0)));
          break;
        }
      }
    }
    return true;
  }
  if (watched == tags_ && key == Qt::Key_Escape) {
    tags_->hide();
    tree_->setFocus();
    return true;
  }
  return false;
}

}  // namespace orrery::ui
