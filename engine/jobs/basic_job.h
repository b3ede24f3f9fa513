// What every running job has in common: a status under a lock and a queue of verbs.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "engine/jobs/job_context.h"

namespace orrery {

class BasicJob : public JobContext {
 public:
  JobStatus status() const;
  // From any thread.
  void say(JobVerb verb);

  std::optional<JobVerb> next_verb() override;
  bool cancel_requested() const override { return cancelled_; }
  void set_state(JobState state) override;
  void progress(double fraction, const std::string& message) override;
  void number(const std::string& name, double value) override;
  void eta(std::optional<double> seconds) override;
  void made(const std::string& path) override;
  void problem(const std::optional<JobError>& error) override;

  // The end, as told by what the work returned or threw.
  void end_well(const std::string& result_path);
  void end_badly(const JobError& error);

 protected:
  // Called without the lock after every change; `important`: a state, a problem or the end rather than a number.
  virtual void changed(bool important) = 0;

  mutable std::mutex mutex_;
  JobStatus status_;
  std::deque<JobVerb> verbs_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace orrery
