#include "ui/space/space_feed.h"

#include <algorithm>
#include <mutex>

#include "ui/project/attached.h"
#include "ui/session/tape_book.h"
#include "ui/space/aside.h"

namespace orrery::ui {

// What the engine answers on its thread, newest of each kind; one event at a time.
class SpaceInbox {
 public:
  struct Contents {
    std::optional<SpaceField> field;
    std::map<int, SpacePath> paths;
    std::optional<SpaceData> data;
    std::optional<JobError> error;
  };
  template <class Change>
  bool put(Change change) {
    const std::lock_guard lock(mutex_);
    change(contents_);
    return !std::exchange(posted_, true);
  }
  Contents take() {
    const std::lock_guard lock(mutex_);
    posted_ = false;
    return std::exchange(contents_, {});
  }

 private:
  std::mutex mutex_;
  Contents contents_;
  bool posted_ = false;
};

QPointF Probe::drawnAt(double now, double spread, bool scaled) const {
  const auto drawn = [&](const PathPoint& point) {
    const double scale = drawnScale(point.level, spread, scaled);
    return QPointF(point.x * scale, point.y * scale);
  };
  if (life.empty() || now == level) return at * drawnScale(level, spread, scaled);  // under the hand at once, whatever the engine has answered
  if (now >= life.front().level) return drawn(life.front());
  for (std::size_t i = 0; i + 1 < life.size(); ++i) {
    if (now < life[i + 1].level) continue;
    const double span = life[i].level - life[i + 1].level, u = span > 0.0 ? (life[i].level - now) / span : 1.0;
    return drawn(life[i]) + (drawn(life[i + 1]) - drawn(life[i])) * u;
  }
  return drawn(life.back());
}

SpaceFeed::SpaceFeed(Session& session, QObject* parent) : QObject(parent), session_(session), book_(attached<TapeBook>(session)), inbox_(std::make_shared<SpaceInbox>()) {
  reader_.setMaxThreadCount(1);
  connect(&session_, &Session::frameArrived, this, [this](int view) {
    if (view == session_.activeView()) readTape();
  });
  connect(&session_, &Session::requestChanged, this, [this](int view) {
    if (view == session_.activeView()) follow();
  });
  connect(&session_, &Session::viewModelChanged, this, [this](int view) {
    if (view == session_.activeView()) follow();
  });
  connect(&session_, &Session::viewsChanged, this, &SpaceFeed::follow);
  connect(&book_, &TapeBook::tapeChanged, this, [this](TapeId id) {
    const TapeInfo* mine = book_.tapeOf(session_.activeView());
    if (mine && mine->id == id) readTape();
  });
  connect(&book_, &TapeBook::headMoved, this, [this](int view) {
    if (view != session_.activeView()) return;
    field_stale_ = true;
    Q_EMIT changed();  // who draws says which part of the plane it wants now
  });
}

SpaceFeed::~SpaceFeed() { view_.reset(); }

bool SpaceFeed::possible() const {
  const ModelInfo* model = session_.model();
  return model && model->in_the_plane && session_.studio().spaces && session_.studio().tapes;
}

void SpaceFeed::setActive(const void* who, bool on) {
  if (on) watching_.insert(who);
  else watching_.erase(who);
  const bool active = !watching_.empty();
  if (active == active_) return;
  active_ = active;
  if (active && !view_ && session_.studio().spaces) {
    const auto post = [this, inbox = inbox_](auto change) {
      if (inbox->put(change))
        QMetaObject::invokeMethod(
            this, [this] { takeInbox(); }, Qt::QueuedConnection);
    };
    view_ = session_.studio().spaces->open({[post](const SpaceField& field) { post([&](SpaceInbox::Contents& in) { in.field = field; }); },
                                            [post](const SpacePath& path) { post([&](SpaceInbox::Contents& in) { in.paths[path.particle] = path; }); },
                                            [post](const SpaceData& data) { post([&](SpaceInbox::Contents& in) { in.data = data; }); },
                                            [post](const JobError& error) { post([&](SpaceInbox::Contents& in) { in.error = error; }); }});
  }
  if (active) follow();
}

void SpaceFeed::follow() {
  if (possible() != std::exchange(was_possible_, possible())) Q_EMIT possibleChanged();
  if (!active_) return;
  if (!possible()) {
    particles_.reset();
    field_.reset();
    Q_EMIT changed();
    return;
  }
  const bool other_model = request_.model != session_.request().model;
  if (other_model || !(request_ == session_.request())) {
    request_ = session_.request();
    if (other_model) {
      particles_.reset();
      field_.reset();
      probes_.clear();
      Q_EMIT particlesChanged();
    }
    field_stale_ = true;
    for (const auto& [id, probe] : probes_) askProbe(probe);
  }
  const std::string weights = request_.model + session_.model()->hash;
  if (view_ && std::exchange(data_of_, weights) != weights) {
    data_ = {};
    view_->ask_data(request_);
    field_stale_ = true;
  }
  readTape();
  Q_EMIT changed();
}

// Particles are read in one go when their tape is complete: for points that is a moment, and half a tape would jump about under a hand.
void SpaceFeed::readTape() {
  if (!active_ || !possible()) return;
  const TapeInfo* info = book_.tapeOf(session_.activeView());
  if (!info || !info->complete || (particles_ && particles_->tape == info->id && particles_->states.size() == info->steps.size())) return;
  if (reading_) {
    read_again_ = reading_ != info->id;
    return;
  }
  reading_ = info->id;
  const Tapes* tapes = session_.studio().tapes.get();
  aside<std::shared_ptr<const TapePoints>>(
      reader_, this, [tapes, info = *info] { return readTapePoints(*tapes, info); },
      [this](std::shared_ptr<const TapePoints> read) {
        reading_ = 0;
        if (read && read->request.model == session_.request().model) {
          particles_ = std::move(read);
          if (data_.points.empty()) spread_ = particles_->spreadOfEnd();
          field_stale_ = true;
          Q_EMIT particlesChanged();
          Q_EMIT changed();
        }
        if (std::exchange(read_again_, false)) readTape();
      });
}

double SpaceFeed::head() const {
  const double last = particles_ ? particles_->last() : 0.0;
  return std::clamp(book_.head(session_.activeView()).value_or(last), 0.0, last);
}

double SpaceFeed::level() const { return particles_ ? particles_->levelAt(head()) : 0.0; }

void SpaceFeed::setHead(std::optional<double> step) {
  if (step && particles_ && *step >= particles_->last()) step.reset();
  book_.setHead(session_.activeView(), step ? std::optional(std::max(*step, 0.0)) : std::nullopt);
}

void SpaceFeed::want(const std::optional<Wanted>& wanted) {
  if (wanted == wanted_ && !field_stale_) return;
  wanted_ = wanted;
  if (!wanted_) field_.reset();
  field_stale_ = true;
  askField();
}

// One at a time: the next question goes when the last was answered, with what is wanted then.
void SpaceFeed::askField() {
  if (!active_ || !view_ || !wanted_ || field_under_way_ || !field_stale_ || !particles_ || !possible()) return;
  field_stale_ = false;
  field_under_way_ = true;
  view_->ask(FieldQuery{request_, level(), wanted_->area, std::max(wanted_->columns, 1), std::max(wanted_->rows, 1), wanted_->density_columns, wanted_->density_rows});
}

void SpaceFeed::askProbe(const Probe& probe) {
  if (view_) view_->ask(PathQuery{request_, probe.id, probe.level, probe.at.x(), probe.at.y()});
}

int SpaceFeed::startProbe(const QPointF& at) {
  const int id = ++last_probe_;
  probes_[id].id = id;
  moveProbe(id, at);
  return id;
}

void SpaceFeed::moveProbe(int id, const QPointF& at) {
  const auto found = probes_.find(id);
  if (found == probes_.end()) return;
  Probe& probe = found->second;
  probe.at = at;
  probe.level = level();
  askProbe(probe);
  Q_EMIT changed();
}

void SpaceFeed::removeProbe(int id) {
  if (probes_.erase(id)) Q_EMIT changed();
}

void SpaceFeed::clearProbes() {
  if (probes_.empty()) return;
  probes_.clear();
  Q_EMIT changed();
}

void SpaceFeed::takeInbox() {
  auto in = inbox_->take();
  if (in.field) {
    field_under_way_ = false;
    if (wanted_) field_ = std::move(in.field);
    problem_.clear();
  }
  for (auto& [id, path] : in.paths) {
    const auto found = probes_.find(id);
    if (found == probes_.end() || path.way.empty()) continue;
    Probe& probe = found->second;
    // An answer to where it was a moment ago still shows the way while the hand moves.
    probe.life.assign(path.origin.rbegin(), path.origin.rend());
    if (probe.life.empty()) probe.life.push_back(path.way.front());
    probe.life.insert(probe.life.end(), path.way.begin() + 1, path.way.end());
  }
  if (in.data && in.data->model == request_.model) {
    data_ = std::move(*in.data);
    if (!data_.points.empty()) {
      TapePoints as_tape;
      as_tape.states.push_back(data_.points);
      spread_ = as_tape.spreadOfEnd();
    }
  }
  if (in.error) {
    field_under_way_ = false;
    problem_ = QString::fromStdString(in.error->what_happened);
    session_.report(*in.error);
  }
  askField();
  Q_EMIT changed();
}

}  // namespace orrery::ui
