#include "engine/jobs/basic_job.h"

namespace orrery {

JobStatus BasicJob::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void BasicJob::say(JobVerb verb) {
  if (verb == JobVerb::cancel || verb == JobVerb::stop_without_saving) cancelled_ = true;
  const std::lock_guard lock(mutex_);
  if (verbs_.size() < 64) verbs_.push_back(verb);  // a job that listens to nothing must not collect for ever
}

std::optional<JobVerb> BasicJob::next_verb() {
  const std::lock_guard lock(mutex_);
  if (verbs_.empty()) return std::nullopt;
  const JobVerb verb = verbs_.front();
  verbs_.pop_front();
  return verb;
}

void BasicJob::set_state(JobState state) {
  {
    const std::lock_guard lock(mutex_);
    if (status_.state == state) return;
    status_.state = state;
  }
  changed(true);
}

void BasicJob::progress(double fraction, const std::string& message) {
  {
    const std::lock_guard lock(mutex_);
    status_.fraction = fraction;
    status_.message = message;
  }
  changed(false);
}

void BasicJob::number(const std::string& name, double value) {
  {
    const std::lock_guard lock(mutex_);
    status_.numbers[name] = value;
  }
  changed(false);
}

void BasicJob::eta(std::optional<double> seconds) {
  {
    const std::lock_guard lock(mutex_);
    status_.eta_s = seconds;
  }
  changed(false);
}

void BasicJob::made(const std::string& path) {
  {
    const std::lock_guard lock(mutex_);
    status_.result_path = path;
  }
  changed(false);
}

void BasicJob::problem(const std::optional<JobError>& error) {
  {
    const std::lock_guard lock(mutex_);
    status_.error = error;
  }
  changed(true);
}

void BasicJob::end_well(const std::string& result_path) {
  {
    const std::lock_guard lock(mutex_);
    status_.state = JobState::done;
    status_.fraction = 1.0;
    status_.eta_s = std::nullopt;
    status_.error = std::nullopt;
    status_.message.clear();
    status_.result_path = result_path;
  }
  changed(true);
}

void BasicJob::end_badly(const JobError& error) {
  {
    const std::lock_guard lock(mutex_);
    status_.state = error.code == ErrorCode::cancelled     ? JobState::cancelled
                    : error.code == ErrorCode::interrupted ? JobState::done
                    : error.code == ErrorCode::device_lost ? JobState::device_lost
                                                           : JobState::failed;
    status_.eta_s = std::nullopt;
    status_.message = error.what_happened;
    status_.error = status_.state == JobState::done ? std::nullopt : std::optional(error);
  }
  changed(true);
}

}  // namespace orrery
