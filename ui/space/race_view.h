// The race on the stage: one column per sampler, all at the same noise level, and how far each is from the reference.
#pragma once

#include <QElapsedTimer>
#include <QTimer>
#include <QWidget>
#include <vector>

#include "ui/space/race.h"
#include "ui/space/space_canvas.h"
#include "ui/stage/frame_gaps.h"

class QComboBox;
class QHBoxLayout;
class QLabel;
class QPushButton;
class QSpinBox;
class QToolButton;

namespace orrery::ui {

class EmptyState;
class RaceLevel;
class RacePlot;
class Segmented;

QColor racerColor(std::size_t index, bool dark);

// A racer's picture or particles at the level that all share.
class RacePicture : public QWidget {
  Q_OBJECT

 public:
  explicit RacePicture(Session& session, QWidget* parent = nullptr);
  void show(const Racer& racer, double level, bool predictions, const SpaceData* data, double spread);

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  Racer racer_;  // copies of pointers
  double level_ = 0.0, spread_ = 0.5;
  bool predictions_ = false;
  const SpaceData* data_ = nullptr;
  SpaceCanvas canvas_;
  Session& session_;
};

class RaceView : public QWidget {
  Q_OBJECT

 public:
  explicit RaceView(Session& session, SpaceFeed& feed, QWidget* parent = nullptr);

  Race& race() { return race_; }
  std::vector<RaceEntry> entries() const;
  void setEntries(const std::vector<RaceEntry>& entries);
  void run();
  double place() const { return place_; }  // of the level slider, 0 (noise) to 1
  void setPlace(double place);
  double level() const;
  void setPlaying(bool playing);
  bool playing() const { return timer_.isActive(); }
  bool handleKey(const QKeyEvent& event);
  FrameGaps& frameGaps() { return gaps_; }

 protected:
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  struct Column {
    QWidget* widget = nullptr;
    QComboBox* sampler = nullptr;  // null: the reference
    QSpinBox* steps = nullptr;
    QToolButton* remove = nullptr;
    RacePicture* picture = nullptr;
    QLabel *title = nullptr, *facts = nullptr, *distance = nullptr;
  };
  Column makeColumn(std::size_t index, bool reference);
  void rebuild(const std::vector<RaceEntry>& entries);
  void follow();   // the active view's model
  void refresh();
  void tick();

  Session& session_;
  SpaceFeed& feed_;
  Race race_;
  std::vector<Column> columns_;
  Column reference_;
  QWidget* body_;
  EmptyState* cannot_;
  QHBoxLayout* row_;
  QLabel *heading_, *sigma_;
  QPushButton* run_;
  QToolButton *add_, *play_;
  Segmented *what_, *axis_;
  RaceLevel* slider_;
  RacePlot* plot_;
  std::string model_;
  double place_ = 1.0;
  QTimer timer_;
  QElapsedTimer clock_;
  double played_s_ = 0.0;
  FrameGaps gaps_;
};

// The shared level: noise on the left, none on the right.
class RaceLevel : public QWidget {
  Q_OBJECT

 public:
  explicit RaceLevel(QWidget* parent = nullptr);
  void setPlace(double place, const QString& text);
  QSize sizeHint() const override { return {200, 28}; }
  QSize minimumSizeHint() const override { return {80, 28}; }

 Q_SIGNALS:
  void moved(double place);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void focusInEvent(QFocusEvent*) override { update(); }
  void focusOutEvent(QFocusEvent*) override { update(); }

 private:
  void go(double x);
  double place_ = 1.0;
};

// Distance from the reference against evaluations of the network, or against the noise level.
class RacePlot : public QWidget {
  Q_OBJECT

 public:
  enum class Axis { evaluations, level };
  RacePlot(const Race& race, QWidget* parent = nullptr);
  void setAxis(Axis axis);
  void setLevel(double level);
  QSize sizeHint() const override { return {400, 168}; }
  QSize minimumSizeHint() const override { return {160, 120}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  const Race& race_;
  Axis axis_ = Axis::evaluations;
  double level_ = 0.0;
};

}  // namespace orrery::ui
