// The plane of a model of points, on the stage: data, particles, field and density, animated along the tape. Click starts a particle, a drag
// moves it, right click or Delete removes it; the wheel zooms at the cursor, the right or middle button pans.
#pragma once

#include <QElapsedTimer>
#include <QTimer>
#include <QWidget>
#include <optional>

#include "ui/space/space_canvas.h"
#include "ui/space/space_feed.h"
#include "ui/stage/frame_gaps.h"

class QLabel;
class QToolButton;

namespace orrery::ui {

class SpaceHead;

// The drawing surface alone.
class SpacePlane : public QWidget {
  Q_OBJECT

 public:
  SpacePlane(Session& session, SpaceFeed& feed, QWidget* parent = nullptr);

  const SpaceLayers& layers() const { return layers_; }
  void setLayers(const SpaceLayers& layers);
  const PlaneFrame& frame() const { return frame_; }  // logical pixels
  void fit();
  void zoomBy(double factor);
  int selected() const { return selected_; }
  void removeSelected();
  FrameGaps& frameGaps() { return gaps_; }
  double drawMs() const { return draw_ms_; }  // of the last picture
  bool handleKey(const QKeyEvent& event);
  // Where a probe is drawn now, logical pixels; for tests.
  QPointF probeAt(int id) const;

 Q_SIGNALS:
  void layersChanged();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void leaveEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  void wantField();
  int probeNear(const QPointF& px) const;
  QPointF dataAt(const QPointF& px) const;
  void drawNotes(QPainter& painter);

  Session& session_;
  SpaceFeed& feed_;
  SpaceCanvas canvas_;
  SpaceLayers layers_;
  PlaneFrame frame_;
  FrameGaps gaps_;
  double draw_ms_ = 0.0;
  int selected_ = 0, dragged_ = 0;
  bool panning_ = false, moved_ = false;
  QPointF pressed_at_, last_;
  QTimer want_;  // a moment after the last zoom or pan
};

class SpaceStage : public QWidget {
  Q_OBJECT

 public:
  explicit SpaceStage(Session& session, QWidget* parent = nullptr);

  SpacePlane& plane() { return *plane_; }
  SpaceFeed& feed() { return feed_; }
  bool playing() const { return timer_.isActive(); }
  void setPlaying(bool playing);
  bool loop() const { return loop_; }
  void setLoop(bool loop);
  bool handleKey(const QKeyEvent& event);

 Q_SIGNALS:
  void raceWanted();

 protected:
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  void tick();
  void refresh();
  QToolButton* layerButton(const char* icon, const QString& name, const QString& help, bool SpaceLayers::*layer);

  Session& session_;
  SpaceFeed feed_;
  SpacePlane* plane_;
  std::vector<std::pair<QToolButton*, bool SpaceLayers::*>> layer_buttons_;
  QToolButton *play_, *loop_button_;
  SpaceHead* head_;
  QLabel *sigma_, *step_;
  QTimer timer_;
  QElapsedTimer clock_;
  double played_s_ = 0.0;  // since the start of the tape
  bool loop_ = true;
};

// The scrub line: the tape's steps as ticks, spaced as they are played.
class SpaceHead : public QWidget {
  Q_OBJECT

 public:
  explicit SpaceHead(SpaceFeed& feed, QWidget* parent = nullptr);
  QSize sizeHint() const override { return {240, 28}; }
  QSize minimumSizeHint() const override { return {80, 28}; }
  QPointF placeOf(double step) const;  // for tests

 Q_SIGNALS:
  void grabbed();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void focusInEvent(QFocusEvent*) override { update(); }
  void focusOutEvent(QFocusEvent*) override { update(); }

 private:
  double stepAt(double x) const;

  SpaceFeed& feed_;
  bool dragging_ = false;
};

}  // namespace orrery::ui
