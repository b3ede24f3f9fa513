// A number as text: its unit shows while nobody types, the locale's and the C decimal point are both understood.
#pragma once

#include <QLineEdit>

namespace orrery::ui {

class NumberField : public QLineEdit {
  Q_OBJECT

 public:
  explicit NumberField(QWidget* parent = nullptr);

  void setRange(double min, double max, double step);
  void setUnit(const QString& unit);
  void setDecimals(int decimals);  // also: how values are rounded for showing
  void setWhole(bool whole);       // whole numbers only
  void setValue(double value);     // no signal
  double value() const { return value_; }

  QSize sizeHint() const override { return {64, 26}; }
  QSize minimumSizeHint() const override { return {48, 26}; }

 Q_SIGNALS:
  void valueChanged(double value);  // by the person: Enter, leaving, arrow keys, wheel
  void gestureEnded();

 protected:
  void focusInEvent(QFocusEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;

 private:
  void showText();
  void commit();
  void change(double value);
  void stepBy(double steps, Qt::KeyboardModifiers modifiers);

  double min_ = 0.0, max_ = 1.0, step_ = 0.01, value_ = 0.0;
  int decimals_ = 2;
  bool whole_ = false;
  QString unit_;
};

}  // namespace orrery::ui
