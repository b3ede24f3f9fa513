// The slider of all number controls: fills from its neutral value, drags absolutely, Shift fine, Ctrl coarse, wheel only when focused.
#pragma once

#include <QTimer>
#include <QWidget>

namespace orrery::ui {

class ValueSlider : public QWidget {
  Q_OBJECT

 public:
  explicit ValueSlider(QWidget* parent = nullptr);

  void setRange(double min, double max, double step, bool logarithmic = false);
  void setNeutral(double neutral);
  void setValue(double value);  // no signal
  void setSuffix(const QString& unit) { unit_ = unit; }
  double value() const { return value_; }
  double minimum() const { return min_; }
  double maximum() const { return max_; }
  double neutral() const { return neutral_; }
  double step() const { return step_; }
  QString valueText() const;
  // Changes the value as a person would: with the signal.
  void change(double value);

  QSize sizeHint() const override { return {120, 26}; }
  QSize minimumSizeHint() const override { return {40, 26}; }

 Q_SIGNALS:
  void valueChanged(double value);  // by the person, continuously
  void gestureEnded();              // the hand left it

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void enterEvent(QEnterEvent*) override { update(); }
  void leaveEvent(QEvent*) override { update(); }
  void changeEvent(QEvent* event) override;

 private:
  double toUnit(double value) const;
  double fromUnit(double unit) const;
  double snapped(double value, double step) const;
  QRectF track() const;
  void stepBy(double steps, Qt::KeyboardModifiers modifiers);

  double min_ = 0.0, max_ = 1.0, step_ = 0.01, neutral_ = 0.0, value_ = 0.0;
  bool logarithmic_ = false;
  QString unit_;
  bool dragging_ = false;
  double drag_unit_ = 0.0;  // where the hand is, 0..1, before snapping
  double last_x_ = 0.0;
  QTimer end_;  // a release may be the first half of a double-click, which belongs to the same gesture
};

}  // namespace orrery::ui
