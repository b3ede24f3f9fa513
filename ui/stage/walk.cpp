#include "ui/stage/walk.h"

#include <QSettings>
#include <algorithm>
#include <cmath>

#include "ui/session/session.h"
#include "ui/style/theme.h"

namespace orrery::ui {
namespace {

constexpr double kDecay_s = 0.35;      // time in which the speed falls to 1/e
constexpr double kStill = 0.02;        // seeds per second that count as standing
constexpr double kSmoothing_s = 0.05;  // over which the hand's speed is taken
constexpr double kRestBeforeRelease_s = 0.08;

}  // namespace

Walk::Walk(Session& session) : QObject(&session), session_(session) {
  setSpeed(QSettings().value("walkSpeed", 0.6).toDouble());
  timer_.setInterval(8);
  timer_.setTimerType(Qt::PreciseTimer);
  connect(&timer_, &QTimer::timeout, this, &Walk::tick);
}

bool Walk::possible() const { return session_.firstOfKind(ControlKind::latent_pad) != nullptr; }

void Walk::setSpeed(double seeds_per_100_px) {
  seeds_per_100_px = std::clamp(seeds_per_100_px, 0.05, 10.0);
  seeds_per_px_ = seeds_per_100_px / 100.0;
  QSettings().setValue("walkSpeed", seeds_per_100_px);
}

bool Walk::shift(const QPointF& delta) {
  const ControlSpec* pad = session_.firstOfKind(ControlKind::latent_pad);
  if (!pad) return false;
  const Value value = session_.value(pad->id);
  const auto* place = std::get_if<std::vector<double>>(&value);
  if (!place || place->size() != 2) return false;
  session_.setControl(pad->id, std::vector<double>{(*place)[0] + delta.x(), (*place)[1] + delta.y()});
  return true;
}

void Walk::begin(const QPointF& at) {
  const bool was_moving = timer_.isActive();
  timer_.stop();
  if (!was_moving) session_.endGesture();
  dragging_ = true;
  last_ = at;
  velocity_ = {};
  clock_.start();
  Q_EMIT started();
}

void Walk::move(const QPointF& at, bool fine, bool coarse) {
  if (!dragging_) return;
  const QPointF px = at - last_;
  last_ = at;
  const double factor = seeds_per_px_ * (fine ? 0.1 : coarse ? 5.0 : 1.0);
  const QPointF delta(px.x() * factor, -px.y() * factor);
  const double passed_s = std::max(1e-3, static_cast<double>(clock_.nsecsElapsed()) * 1e-9);
  clock_.start();
  const double keep = std::exp(-passed_s / kSmoothing_s);
  velocity_ = velocity_ * keep + delta / passed_s * (1.0 - keep);
  if (!delta.isNull()) shift(delta);
}

void Walk::end() {
  if (!dragging_) return;
  dragging_ = false;
  const bool rested = static_cast<double>(clock_.nsecsElapsed()) * 1e-9 > kRestBeforeRelease_s;
  if (rested || std::hypot(velocity_.x(), velocity_.y()) < 8 * kStill || motionMs() == 0) return stop();
  clock_.start();
  timer_.start();
}

void Walk::stop() {
  timer_.stop();
  dragging_ = false;
  velocity_ = {};
  session_.endGesture();
  Q_EMIT finished();
}

void Walk::tick() {
  const double passed_s = std::min(0.05, static_cast<double>(clock_.nsecsElapsed()) * 1e-9);
  clock_.start();
  velocity_ *= std::exp(-passed_s / kDecay_s);
  if (std::hypot(velocity_.x(), velocity_.y()) < kStill || !shift(velocity_ * passed_s)) stop();
}

void Walk::stepBy(const QPointF& seeds) {
  stop();
  shift(seeds);
}

}  // namespace orrery::ui
