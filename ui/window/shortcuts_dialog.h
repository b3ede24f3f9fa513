// Every key in one list. Not modal: it may stay open beside the window.
#pragma once

#include <QDialog>

namespace orrery::ui {

class ShortcutsDialog : public QDialog {
  Q_OBJECT

 public:
  explicit ShortcutsDialog(QWidget* parent);
};

}  // namespace orrery::ui
