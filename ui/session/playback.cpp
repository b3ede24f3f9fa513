#include "ui/session/playback.h"

#include <cmath>

#include "ui/session/session.h"

namespace orrery::ui {
namespace {

constexpr int kTickMs = 16;
constexpr double kPositionSpan_s = 1.5;  // from one stored position to the next

}  // namespace

Playback::Playback(Session& session) : QObject(&session), session_(session) {
  timer_.setTimerType(Qt::PreciseTimer);
  timer_.setInterval(kTickMs);
  connect(&timer_, &QTimer::timeout, this, &Playback::tick);
}

Timeline Playback::path() const {
  Timeline path = session_.timeline();
  for (const auto& track : path.tracks) {
    if (!track.keys.empty()) {
      if (path.base.model.empty()) path.base = session_.request();
      return path;
    }
  }
  std::vector<Request> stops;
  for (int i = 0; i < Session::kPositions; ++i) {
    if (session_.position(i) && session_.position(i)->model == session_.request().model) stops.push_back(*session_.position(i));
  }
  const ModelInfo* model = session_.model();
  if (stops.size() < 2 || !model) return {};
  return timeline_through(stops, model->controls, kPositionSpan_s * static_cast<double>(stops.size()), path.frames_per_s, true);
}

void Playback::play() {
  if (playing_ || path().tracks.empty()) return;
  stopDrift();
  stopGlide();
  playing_ = true;
  if (time_s_ >= path().duration_s) time_s_ = 0.0;
  updateTimer();
  Q_EMIT playingChanged(true);
}

void Playback::stop() {
  if (!playing_) return;
  playing_ = false;
  updateTimer();
  Q_EMIT playingChanged(false);
}

void Playback::seek(double time_s) {
  const Timeline path = this->path();
  time_s_ = std::clamp(time_s, 0.0, path.duration_s);
  stopDrift();
  if (!path.tracks.empty()) session_.showTransient(session_.activeView(), request_at(path, time_s_));
  Q_EMIT timeChanged(time_s_);
}

void Playback::startDrift() {
  const ControlSpec* pad = session_.firstOfKind(ControlKind::latent_pad);
  if (drifting_ || playing_ || !pad) return;
  const Value value = session_.value(pad->id);
  const auto* place = std::get_if<std::vector<double>>(&value);
  if (!place || place->size() != 2) return;
  drift_origin_ = *place;
  drift_s_ = 0.0;
  drifting_ = true;
  updateTimer();
}

void Playback::stopDrift() {
  if (!drifting_) return;
  drifting_ = false;
  updateTimer();
}

void Playback::glide(const Request& target, int duration_ms) {
  const Request& from = session_.request();
  const ModelInfo* model = session_.findModel(target.model);
  stopDrift();
  stop();
  if (!model || from.model != target.model || duration_ms <= 0) return session_.showTransient(session_.activeView(), target);
  glide_ = timeline_through({from, target}, model->controls, duration_ms / 1000.0, session_.timeline().frames_per_s, false);
  glide_target_ = target;
  glide_s_ = 0.0;
  updateTimer();
}

void Playback::stopGlide() {
  if (glide_s_ < 0.0) return;
  glide_s_ = -1.0;
  updateTimer();
}

void Playback::updateTimer() {
  const bool wanted = playing_ || drifting_ || glide_s_ >= 0.0;
  if (wanted == timer_.isActive()) return;
  if (wanted) {
    clock_.start();
    timer_.start();
  } else {
    timer_.stop();
  }
}

void Playback::tick() {
  // A hitch must not become a jump.
  const double passed_s = std::min(0.1, static_cast<double>(clock_.nsecsElapsed()) * 1e-9);
  clock_.start();
  const int view = session_.activeView();
  if (glide_s_ >= 0.0) {
    glide_s_ += passed_s;
    const bool over = glide_s_ >= glide_.duration_s;
    session_.showTransient(view, over ? glide_target_ : request_at(glide_, glide_s_));
    if (over) stopGlide();
  } else if (playing_) {
    const Timeline path = this->path();
    if (path.tracks.empty()) return stop();
    time_s_ += passed_s;
    bool over = false;
    if (time_s_ >= path.duration_s) {
      over = !path.loop;
      time_s_ = path.loop ? std::fmod(time_s_, path.duration_s) : path.duration_s;
    }
    session_.showTransient(view, request_at(path, time_s_));
    Q_EMIT timeChanged(time_s_);
    if (over) stop();
  } else if (drifting_) {
    drift_s_ += passed_s;
    const ControlSpec* pad = session_.firstOfKind(ControlKind::latent_pad);
    if (!pad) return stopDrift();
    // A slow forward walk that sways: about a seed every four seconds, never the same way twice.
    Request request = session_.request();
    request.values[pad->id] = std::vector<double>{drift_origin_[0] + 0.22 * drift_s_,
                                                  drift_origin_[1] + 0.9 * std::sin(0.21 * drift_s_) + 0.25 * std::sin(0.53 * drift_s_)};
    session_.showTransient(view, request);
  }
}

}  // namespace orrery::ui
