// What a running job may say and must listen to.
#pragma once

#include <optional>
#include <string>

#include "engine/api/job.h"
#include "engine/api/training.h"

namespace orrery {

class JobContext {
 public:
  virtual ~JobContext() = default;
  // Verbs said since the last call, oldest first; nullopt when there is none. `cancel`, `stop_*` stay true in stop_requested().
  virtual std::optional<JobVerb> next_verb() = 0;
  virtual bool cancel_requested() const = 0;
  virtual void set_state(JobState state) = 0;
  virtual void progress(double fraction, const std::string& message) = 0;
  virtual void number(const std::string& name, double value) = 0;
  virtual void stats(const StatsPoint& point) = 0;
  // Time left, if it can be known.
  virtual void eta(std::optional<double> /*seconds*/) {}
  // Where what the job makes lies, as soon as it is known; what the work returns in the end replaces it.
  virtual void made(const std::string& /*path*/) {}
  // Why the job stands still (paused) though nobody asked for it; nullopt once it goes on. An error that ends the job is thrown.
  virtual void problem(const std::optional<JobError>& /*error*/) {}
};

}  // namespace orrery
