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
};

}  // namespace orrery
