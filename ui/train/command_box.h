// The command line that does the same, to read and to copy.
#pragma once

#include <QWidget>

class QPlainTextEdit;

namespace orrery::ui {

class CommandBox : public QWidget {
  Q_OBJECT

 public:
  explicit CommandBox(QWidget* parent = nullptr);
  void setCommand(const QString& command);
  QString command() const;

 private:
  QPlainTextEdit* text_;
};

}  // namespace orrery::ui
