// The kept tapes of the model in view as a tree of branches: choose one to show it, rename it in place, close it.
#pragma once

#include <QTreeWidget>

#include "ui/tape/tape_desk.h"

namespace orrery::ui {

class TapeTree : public QTreeWidget {
  Q_OBJECT

 public:
  TapeTree(TapeDesk& desk, Session& session, QWidget* parent = nullptr);

  TapeId current() const;
  QTreeWidgetItem* itemOf(TapeId id) const;
  void editCurrent();

 Q_SIGNALS:
  void menuWanted(const QPoint& global);

 protected:
  void keyPressEvent(QKeyEvent* event) override;
  void drawBranches(QPainter*, const QRect&, const QModelIndex&) const override {}  // the indent alone shows what belongs where
  void contextMenuEvent(QContextMenuEvent* event) override;

 private:
  void refresh();

  TapeDesk& desk_;
  Session& session_;
  bool filling_ = false;
};

}  // namespace orrery::ui
