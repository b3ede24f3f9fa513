// The Session's jobs, statistics and timeline.
#include <algorithm>

#include "ui/session/commands.h"
#include "ui/session/engine_inbox.h"
#include "ui/session/playback.h"
#include "ui/session/session.h"

namespace orrery::ui {

void Session::takeInbox() {
  const auto contents = inbox_->take();
  for (const auto& [id, info] : contents.models) onModel(info);
  for (const auto& [job, point] : contents.stats) {
    stats_[job].push_back(point);
    Q_EMIT statsArrived(job, point);
  }
  for (const auto& [job, status] : contents.jobs) onJob(status);
}

void Session::onJob(const JobStatus& status) {
  const auto before = jobs_.find(status.id);
  const bool just_finished = status.finished() && (before == jobs_.end() || !before->second.finished());
  jobs_[status.id] = status;
  Q_EMIT jobChanged(status);
  if (!just_finished) return;
  if (status.error && status.state != JobState::cancelled) Q_EMIT problem(*status.error);
  if (status.state == JobState::done) {
    Q_EMIT messageArrived(tr("Done: %1").arg(QString::fromStdString(status.title)));
    if (status.kind == "import") Q_EMIT datasetOpened(QString::fromStdString(status.result_path));
  }
}

JobId Session::submit(const JobSpec& spec) {
  noteAction();
  const JobId id = studio_.jobs->submit(spec);
  if (std::holds_alternative<AttachJob>(spec)) watched_.insert(id);
  // The listener may be later than the caller's next look.
  for (const auto& status : studio_.jobs->jobs()) {
    if (status.id == id && !jobs_.contains(id)) onJob(status);
  }
  return id;
}

std::vector<JobId> Session::trainingHere() const {
  std::vector<JobId> training;
  for (const auto& [id, status] : jobs_) {
    if (status.kind == "train" && !status.finished() && !watched_.contains(id)) training.push_back(id);
  }
  return training;
}

void Session::say(JobId job, JobVerb verb) { studio_.jobs->say(job, verb); }

const std::vector<StatsPoint>& Session::stats(JobId job) const {
  static const std::vector<StatsPoint> none;
  const auto found = stats_.find(job);
  return found == stats_.end() ? none : found->second;
}

QString Session::commandFor(const JobSpec& spec) const { return QString::fromStdString(studio_.jobs->command_for(spec)); }

// ---- the timeline ----

void Session::applyTimeline(Timeline timeline) {
  timeline_ = std::move(timeline);
  Q_EMIT timelineChanged();
}

void Session::setTimeline(Timeline timeline, const QString& text) {
  noteAction();
  for (auto& track : timeline.tracks) {
    std::stable_sort(track.keys.begin(), track.keys.end(), [](const Keyframe& a, const Keyframe& b) { return a.time_s < b.time_s; });
  }
  std::erase_if(timeline.tracks, [](const Track& track) { return track.keys.empty(); });
  undo_.push(new TimelineCommand(*this, timeline_, std::move(timeline), text, gesture_));
}

namespace {

// Keys this near to the play head are "at" it.
constexpr double kSameMoment_s = 0.5 / 60.0;

const Track* findTrack(const Timeline& timeline, const std::string& id) {
  const auto found = std::find_if(timeline.tracks.begin(), timeline.tracks.end(), [&](const Track& track) { return track.control == id; });
  return found == timeline.tracks.end() ? nullptr : &*found;
}

}  // namespace

bool Session::isKeyframed(const std::string& id) const { return findTrack(timeline_, id) != nullptr; }

bool Session::hasKeyframe(const std::string& id) const {
  const Track* track = findTrack(timeline_, id);
  return track && std::any_of(track->keys.begin(), track->keys.end(),
                              [this](const Keyframe& key) { return std::abs(key.time_s - playback_->time_s()) <= kSameMoment_s; });
}

void Session::toggleKeyframe(const std::string& id) {
  const ControlSpec* control = spec(id);
  if (!control || !control->animatable) return;
  const bool remove = hasKeyframe(id);
  const double now_s = playback_->time_s();
  Timeline next = timeline_;
  next.base = request();
  auto track = std::find_if(next.tracks.begin(), next.tracks.end(), [&](const Track& other) { return other.control == id; });
  if (track == next.tracks.end()) track = next.tracks.insert(track, Track{id, {}});
  std::erase_if(track->keys, [now_s](const Keyframe& key) { return std::abs(key.time_s - now_s) <= kSameMoment_s; });
  if (!remove) track->keys.push_back({now_s, value(id), Easing::smooth});
  endGesture();
  setTimeline(std::move(next), remove ? tr("Remove key: %1").arg(QString::fromStdString(control->label))
                                      : tr("Set key: %1").arg(QString::fromStdString(control->label)));
  endGesture();
}

}  // namespace orrery::ui
