// The settings of a run: search, the tree, help for the chosen key, and a line for "path = value".
#pragma once

#include <QWidget>

#include "ui/train/parameter_model.h"

class QLabel;
class QLineEdit;
class QPushButton;
class QTreeView;

namespace orrery::ui {

class ParameterTree : public QWidget {
  Q_OBJECT

 public:
  explicit ParameterTree(bool read_only, QWidget* parent = nullptr);

  ParameterModel& model() { return *model_; }
  QTreeView& view() { return *view_; }
  // Shows a key and gives it the focus.
  void reveal(const std::string& path);

 protected:
  bool eventFilter(QObject* watched, QEvent* event) override;

 private:
  void takeLine();
  void refreshHelp();

  ParameterModel* model_;
  QTreeView* view_;
  QLineEdit* search_;
  QLineEdit* line_;
  QLabel* help_;
  QPushButton* reset_;
};

}  // namespace orrery::ui
