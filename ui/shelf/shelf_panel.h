// The shelf's dock: search, order, and the tree of models, data, runs and exports.
#pragma once

#include <QWidget>

#include "ui/shelf/shelf_model.h"

class QLineEdit;
class QToolButton;
class QTreeView;

namespace orrery::ui {

class ShelfPanel : public QWidget {
  Q_OBJECT

 public:
  explicit ShelfPanel(Session& session, QWidget* parent = nullptr);

  QTreeView& tree() { return *tree_; }
  ShelfModel& model() { return *model_; }
  // The actions of the context menu, made for one entry (tests call them by name).
  QList<QAction*> actionsFor(const ShelfEntry& entry, QObject* owner);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void showMenu(const QPoint& at);
  void open(const QModelIndex& index);
  void compare(const ShelfEntry& entry);
  void locate(const ShelfEntry& entry);
  void editTags(const ShelfEntry& entry);
  void keepPlace();
  void restorePlace();

  Session& session_;
  ShelfKeeper& keeper_;
  ShelfModel* model_;
  QTreeView* tree_;
  QLineEdit* search_;
  QToolButton* sort_;
  QLineEdit* tags_;
  QString tags_of_;
  QString chosen_;
  bool folded_[4] = {false, false, false, false};
};

}  // namespace orrery::ui
