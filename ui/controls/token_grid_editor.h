// Pinned tokens in the Controls panel: how many there are, and a way to let all go. They are pinned on the picture (ui/tokens).
#pragma once

#include "ui/controls/editor.h"

class QLabel;
class QPushButton;

namespace orrery::ui {

// How many cells of a token grid hold a code.
int pinnedIn(const std::vector<double>& grid);

class TokenGridEditor : public Editor {
  Q_OBJECT

 public:
  explicit TokenGridEditor(QWidget* parent);
  void setSpec(const ControlSpec& spec) override;
  void setValue(const Value& value) override;
  QWidget* main() override;

 private:
  QLabel* count_;
  QPushButton* clear_;
  int cells_ = 0;
};

}  // namespace orrery::ui
