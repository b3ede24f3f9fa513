// A hand on the picture: turns its movement into steps through latent space, and lets them run out after it let go.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QPointF>
#include <QTimer>

namespace orrery::ui {

class Session;

class Walk : public QObject {
  Q_OBJECT

 public:
  explicit Walk(Session& session);

  bool possible() const;  // the active view's model has an acting latent pad
  void begin(const QPointF& at);
  // `fine` is a tenth of the speed, `coarse` five times. Right is +x, up is +y.
  void move(const QPointF& at, bool fine, bool coarse);
  void end();   // runs out by itself when the hand was moving
  void stop();  // stands still at once
  bool dragging() const { return dragging_; }
  bool moving() const { return dragging_ || timer_.isActive(); }

  double speed() const { return seeds_per_px_; }
  void setSpeed(double seeds_per_100_px);  // kept in the settings
  double speedPer100Px() const { return seeds_per_px_ * 100.0; }
  void stepBy(const QPointF& seeds);  // arrow keys

 Q_SIGNALS:
  void started();
  void finished();  // stands still again

 private:
  void tick();
  bool shift(const QPointF& delta);

  Session& session_;
  QTimer timer_;
  QElapsedTimer clock_;
  QPointF last_;
  QPointF velocity_;  // seeds per second
  double seeds_per_px_;
  bool dragging_ = false;
};

}  // namespace orrery::ui
