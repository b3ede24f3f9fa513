// One system of the catalogue as a card.
#pragma once

#include <QAbstractButton>

#include "engine/api/catalogue.h"

namespace orrery::ui {

class SystemCard : public QAbstractButton {
  Q_OBJECT

 public:
  explicit SystemCard(const SystemInfo& system, QWidget* parent = nullptr);

  const SystemInfo& system() const { return system_; }
  // Why the data at hand does not allow it; greys the card, which can still be opened to read.
  void setUnfit(const QString& why);
  // "41 pictures/s here": measured by a run on this machine; empty when there was none.
  void setMeasured(const QString& text);

  QSize sizeHint() const override { return {232, 218}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void enterEvent(QEnterEvent*) override { update(); }
  void leaveEvent(QEvent*) override { update(); }
  void keyPressEvent(QKeyEvent* event) override;

 private:
  SystemInfo system_;
  QString unfit_;
  QString measured_;
};

}  // namespace orrery::ui
