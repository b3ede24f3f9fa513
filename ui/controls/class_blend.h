// One strip per class: drag to give it weight, click its name to have it alone. A search line where there are many.
#pragma once

#include "ui/controls/editor.h"

class QLineEdit;
class QScrollArea;

namespace orrery::ui {

class ClassStrips : public QWidget {
  Q_OBJECT

 public:
  explicit ClassStrips(QWidget* parent = nullptr);
  void setNames(const QStringList& names);
  void setWeights(const std::vector<double>& weights);
  const std::vector<double>& weights() const { return weights_; }
  void setFilter(const QString& filter);
  int shownRows() const { return static_cast<int>(shown_.size()); }
  static constexpr int kRowHeight = 22;
  QSize sizeHint() const override { return {200, std::max(1, shownRows()) * kRowHeight}; }

 Q_SIGNALS:
  void changed();
  void gestureEnded();
  void rowMadeVisible(int y);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void leaveEvent(QEvent* event) override;

 private:
  QRectF barOf(int row) const;
  void layOut();
  void put(int row, double weight);
  void solo(int row);

  QStringList names_;
  std::vector<double> weights_;
  QString filter_;
  std::vector<int> shown_;  // class of each row
  int current_ = 0;         // row that the keyboard moves
  int hover_ = -1;
  int dragged_ = -1;
};

class ClassBlendEditor : public Editor {
  Q_OBJECT

 public:
  explicit ClassBlendEditor(QWidget* parent);
  void setSpec(const ControlSpec& spec) override;
  void setValue(const Value& value) override;
  bool tall() const override { return true; }
  QWidget* main() override { return strips_; }

 private:
  QLineEdit* search_;
  QScrollArea* scroll_;
  ClassStrips* strips_;
};

}  // namespace orrery::ui
