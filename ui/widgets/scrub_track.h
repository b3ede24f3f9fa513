// A track to scrub along: a thin line, a curve of what changes on the way, marks, and the head. A slider for keyboards and screen readers; used for
// the steps of a tape and the snapshots of a training.
#pragma once

#include <QAbstractSlider>
#include <vector>

namespace orrery::ui {

class ScrubTrack : public QAbstractSlider {
  Q_OBJECT

 public:
  explicit ScrubTrack(QWidget* parent = nullptr);

  // One number per value from 0 on, 0 (at the bottom) to 1; fewer than the range has: the rest is not there yet. Empty: no curve.
  void setCurve(std::vector<float> curve);
  void setMarks(std::vector<int> marks);  // values with a small sign under them
  void setTicks(bool on);                 // a dot for every value, where there is room
  void setLit(bool lit);                  // the head in the accent, or quiet
  // How far things have come, as a value; the track behind it is fainter.
  void setReached(int value);

  QPointF headPosition() const { return {xOf(value()), height() / 2.0}; }
  double xOf(double value) const;
  QSize sizeHint() const override { return {160, height_px_}; }
  QSize minimumSizeHint() const override { return {60, height_px_}; }

 Q_SIGNALS:
  void hovered(int value);  // -1: left

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void sliderChange(SliderChange change) override;
  void changeEvent(QEvent* event) override;

 private:
  int valueAt(double x) const;

  static constexpr int height_px_ = 30;
  std::vector<float> curve_;
  std::vector<int> marks_;
  bool ticks_ = false, lit_ = true;
  int reached_ = -1;
  double wheel_ = 0.0;
};

}  // namespace orrery::ui
