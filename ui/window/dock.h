// A dock with the window's own quiet title.
#pragma once

#include <QDockWidget>

#include "ui/window/panels.h"

namespace orrery::ui {

class Dock : public QDockWidget {
  Q_OBJECT

 public:
  Dock(const PanelSpec& spec, QWidget* content, QWidget* parent);

 protected:
  void changeEvent(QEvent* event) override;
};

}  // namespace orrery::ui
