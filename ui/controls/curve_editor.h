// Samples of a function on [0, 1]: drag the points.
#pragma once

#include "ui/controls/editor.h"

namespace orrery::ui {

class CurveEditor : public Editor {
  Q_OBJECT

 public:
  explicit CurveEditor(QWidget* parent);
  void setSpec(const ControlSpec& spec) override;
  void setValue(const Value& value) override;
  bool tall() const override { return true; }
  QSize sizeHint() const override { return {200, 96}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  QPointF pointOf(std::size_t index) const;
  void put(std::size_t index, double value);

  double min_ = 0.0, max_ = 1.0, step_ = 0.01;
  std::vector<double> samples_;
  int current_ = 0;
  bool dragging_ = false;
};

}  // namespace orrery::ui
