// From a first to a last layer: a bar of layers with two handles.
#pragma once

#include "ui/controls/editor.h"

namespace orrery::ui {

class LayerRangeEditor : public Editor {
  Q_OBJECT

 public:
  explicit LayerRangeEditor(QWidget* parent);
  void setSpec(const ControlSpec& spec) override;
  void setValue(const Value& value) override;
  QSize sizeHint() const override { return {160, 26}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  enum class Part { none, first, last, whole };

  QRectF bar() const;
  double cell() const { return bar().width() / (max_ - min_ + 1); }
  int layerAt(double x) const;
  void change(int first, int last);

  int min_ = 0, max_ = 1, first_ = 0, last_ = 1, neutral_first_ = 0, neutral_last_ = 1;
  Part part_ = Part::none;
  int grabbed_ = 0;
  bool key_moves_last_ = true;
};

}  // namespace orrery::ui
