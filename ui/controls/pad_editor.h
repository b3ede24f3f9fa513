// The latent pad as a Qt widget: a map of seeds around the place; the twin of what is drawn on the stage, for keyboards and screen readers.
#pragma once

#include <QTimer>

#include "ui/controls/editor.h"

namespace orrery::ui {

class NumberField;

class PadMap : public QWidget {
  Q_OBJECT

 public:
  explicit PadMap(QWidget* parent = nullptr);
  void setPlace(const QPointF& place);
  QPointF place() const { return place_; }
  void setStep(double step) { step_ = step; }
  void setNeutral(const QPointF& neutral) { neutral_ = neutral; }
  QSize sizeHint() const override { return {200, 96}; }

 Q_SIGNALS:
  void moved(const QPointF& place);
  void gestureEnded();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;

 private:
  double pxPerSeed() const { return scale_; }
  void go(const QPointF& place);

  QPointF place_, neutral_, last_;
  double step_ = 0.02;
  double scale_ = 28.0;
  bool dragging_ = false;
  QTimer end_;
};

class PadEditor : public Editor {
  Q_OBJECT

 public:
  explicit PadEditor(QWidget* parent);
  void setSpec(const ControlSpec& spec) override;
  void setValue(const Value& value) override;
  bool tall() const override { return true; }
  QWidget* main() override { return map_; }

 private:
  PadMap* map_;
  NumberField* x_;
  NumberField* y_;
};

}  // namespace orrery::ui
