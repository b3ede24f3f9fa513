// Moves requests without a person's hand: plays the timeline or the stored positions (Space), glides to a stored position, and lets the
// starter wander until somebody touches something.
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include "engine/api/timeline.h"

namespace orrery::ui {

class Session;

class Playback : public QObject {
  Q_OBJECT

 public:
  explicit Playback(Session& session);

  bool playing() const { return playing_; }
  void play();
  void stop();
  void toggle() { playing_ ? stop() : play(); }
  // What play() plays: the timeline when it has keys; else a loop through the stored positions; else empty.
  Timeline path() const;

  double time_s() const { return time_s_; }  // the play head
  void seek(double time_s);                  // shows that moment in the active view

  // Slow wandering of a view's latent pad; ends with stopDrift(), play() or Session::noteAction().
  void startDrift();
  void stopDrift();
  bool drifting() const { return drifting_; }

  // Moves the active view to `target` in `duration_ms`; numbers slide, the rest jumps at the end.
  void glide(const Request& target, int duration_ms);
  void stopGlide();

 Q_SIGNALS:
  void playingChanged(bool playing);
  void timeChanged(double time_s);

 private:
  void tick();
  void updateTimer();

  Session& session_;
  QTimer timer_;
  QElapsedTimer clock_;
  bool playing_ = false;
  bool drifting_ = false;
  double time_s_ = 0.0;
  double drift_s_ = 0.0;
  std::vector<double> drift_origin_;
  Timeline glide_;
  Request glide_target_;
  double glide_s_ = -1.0;  // negative: no glide under way
};

}  // namespace orrery::ui
