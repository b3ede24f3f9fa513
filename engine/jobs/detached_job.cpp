#include "engine/jobs/detached_job.h"

namespace orrery {

DetachedJob::DetachedJob(std::string title, OnStatus on_status, OnStats on_stats, std::function<std::optional<JobVerb>()> asked)
    : on_status_(std::move(on_status)), on_stats_(std::move(on_stats)), asked_(std::move(asked)) {
  status_.id = 1;
  status_.kind = "train";
  status_.title = std::move(title);
}

std::string DetachedJob::open_control(const std::string& run) {
  try {
    server_ = std::make_unique<jobs::ControlServer>(run);
    server_->send(status());
    return server_->path();
  } catch (const Error& error) {
    note_ = error.error().what_happened + " " + error.error().what_to_do;
    return {};
  }
}

std::optional<JobVerb> DetachedJob::next_verb() {
  if (asked_) {
    if (const auto verb = asked_()) return verb;
  }
  if (server_) {
    if (const auto verb = server_->next_verb()) say(*verb);
  }
  return BasicJob::next_verb();
}

void DetachedJob::stats(const StatsPoint& point) {
  if (server_) server_->send(point);
  if (on_stats_) on_stats_(point);
}

void DetachedJob::problem(const std::optional<JobError>& error) {
  BasicJob::problem(error);
  if (error && error->code == ErrorCode::not_a_number && !attended()) {
    JobError final = *error;
    final.what_to_do = "Go on from there with smaller steps: --resume --lr-scale 0.5";
    throw Error(final);
  }
}

void DetachedJob::changed(bool important) {
  const JobStatus now = status();
  if (server_) server_->send(now);
  if (on_status_) on_status_(now, important);
}

}  // namespace orrery
