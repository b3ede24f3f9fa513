// The sheet "projects": what a crash left behind, save, open, and the projects that were open last.
#pragma once

#include <QWidget>

#include "ui/project/project_keeper.h"

class QLabel;
class QLineEdit;
class QPushButton;
class QVBoxLayout;

namespace orrery::ui {

class ProjectsPanel : public QWidget {
  Q_OBJECT

 public:
  explicit ProjectsPanel(Session& session, QWidget* parent = nullptr);

  // "save": the cursor stands in the name.
  Q_INVOKABLE void setArguments(const QStringList& arguments);

 private:
  void refresh();
  void refreshRescues();
  void refreshRecent();
  void save();
  void choose(bool for_saving);

  Session& session_;
  ProjectKeeper& keeper_;
  QLabel* heading_;
  QLabel* state_;
  QLineEdit* place_;
  QPushButton* save_;
  QWidget* rescue_box_;
  QVBoxLayout* rescues_;
  QVBoxLayout* recent_;
};

}  // namespace orrery::ui
