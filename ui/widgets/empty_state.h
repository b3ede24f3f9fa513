// What a panel shows while there is nothing to show: an icon, one sentence, and the way on.
#pragma once

#include <QWidget>

class QPushButton;

namespace orrery::ui {

class EmptyState : public QWidget {
  Q_OBJECT

 public:
  EmptyState(const QString& icon_name, const QString& sentence, const QString& button = {}, QWidget* parent = nullptr);

 Q_SIGNALS:
  void clicked();

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QString icon_;
  QWidget* sentence_;
};

}  // namespace orrery::ui
