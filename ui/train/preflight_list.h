// The pre-flight list: each finding with its sign, what to do, and a button that does it.
#pragma once

#include <QWidget>

#include "ui/train/preflight.h"

class QVBoxLayout;

namespace orrery::ui {

class PreflightList : public QWidget {
  Q_OBJECT

 public:
  explicit PreflightList(QWidget* parent = nullptr);
  void setItems(const std::vector<PreflightItem>& items);

 protected:
  void changeEvent(QEvent* event) override;

 Q_SIGNALS:
  void fixWanted(const orrery::ui::PreflightItem& item);

 private:
  QVBoxLayout* column_;
  std::vector<PreflightItem> shown_;
};

}  // namespace orrery::ui
