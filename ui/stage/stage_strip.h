// The strip under the pictures: play, random, positions 1-9; display mode, views, zoom.
#pragma once

#include <QWidget>

class QHBoxLayout;
class QLabel;
class QToolButton;

namespace orrery::ui {

class Segmented;
class Session;
class StageCore;

// Nine small numbers: a click goes there, Shift+click (or a right click) stores, so does holding an empty one.
class PositionBar : public QWidget {
  Q_OBJECT

 public:
  explicit PositionBar(Session& session, QWidget* parent = nullptr);
  QSize sizeHint() const override { return {9 * 20 + 4, 26}; }
  QSize minimumSizeHint() const override { return sizeHint(); }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void leaveEvent(QEvent* event) override;
  bool event(QEvent* event) override;

 private:
  int indexAt(const QPoint& at) const;

  Session& session_;
  int hover_ = -1;
};

class StageStrip : public QWidget {
  Q_OBJECT

 public:
  StageStrip(Session& session, StageCore& core, QWidget* parent = nullptr);
  // What does not fit hides, so the strip holds nobody's width up.
  QSize minimumSizeHint() const override { return {330, 36}; }

 protected:
  void resizeEvent(QResizeEvent* event) override;

 private:
  void refresh();

  Session& session_;
  StageCore& core_;
  QToolButton* play_;
  PositionBar* positions_;
  Segmented* mode_;
  Segmented* views_;
  QToolButton* link_;
  QToolButton* brush_;
  QToolButton* tokens_;
  QToolButton* lens_;
  QToolButton* hud_;
  QToolButton* fit_;
  QToolButton* one_to_one_;
  QLabel* zoom_;
};

}  // namespace orrery::ui
