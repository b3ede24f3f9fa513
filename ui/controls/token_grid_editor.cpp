#include "ui/controls/token_grid_editor.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>
#include <algorithm>

#include "ui/widgets/labels.h"

namespace orrery::ui {

int pinnedIn(const std::vector<double>& grid) {
  return static_cast<int>(std::count_if(grid.begin(), grid.end(), [](double code) { return code >= 0.0; }));
}

TokenGridEditor::TokenGridEditor(QWidget* parent) : Editor(parent), count_(makeLabel({}, "dim", this)), clear_(makeButton(tr("Let all go"), "", this)) {
  auto* row = new QHBoxLayout(this);
  row->setContentsMargins(0, 0, 0, 0);
  row->addWidget(count_, 1);
  row->addWidget(clear_);
  clear_->setAccessibleName(tr("Let all pinned tokens go"));
  clear_->setToolTip(tr("No token is pinned any more: all are made anew"));
  connect(clear_, &QPushButton::clicked, this, [this] {
    Q_EMIT changed(std::vector<double>{});
    Q_EMIT gestureEnded();
  });
}

void TokenGridEditor::setSpec(const ControlSpec& spec) { cells_ = spec.rows * spec.cols; }

void TokenGridEditor::setValue(const Value& value) {
  const auto* grid = std::get_if<std::vector<double>>(&value);
  const int pinned = grid ? pinnedIn(*grid) : 0;
  count_->setText(tr("%1 of %2").arg(pinned).arg(cells_));
  clear_->setEnabled(pinned > 0);
}

QWidget* TokenGridEditor::main() { return clear_; }

}  // namespace orrery::ui
