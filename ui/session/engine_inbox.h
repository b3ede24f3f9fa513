// What the engine says on its own threads (job states, statistics, models), collected until the GUI thread takes it in one go.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/api/job.h"
#include "engine/api/model.h"
#include "engine/api/training.h"

namespace orrery::ui {

class EngineInbox {
 public:
  struct Contents {
    std::map<JobId, JobStatus> jobs;                  // newest state of each
    std::vector<std::pair<JobId, StatsPoint>> stats;  // every point
    std::map<std::string, ModelInfo> models;          // newest of each
  };

  // Any thread. True when the receiver must be woken.
  bool put(const JobStatus& status) {
    std::lock_guard lock(mutex_);
    contents_.jobs[status.id] = status;
    return !std::exchange(posted_, true);
  }
  bool put(JobId job, const StatsPoint& point) {
    std::lock_guard lock(mutex_);
    contents_.stats.emplace_back(job, point);
    return !std::exchange(posted_, true);
  }
  bool put(const ModelInfo& info) {
    std::lock_guard lock(mutex_);
    contents_.models[info.id] = info;
    return !std::exchange(posted_, true);
  }

  // GUI thread.
  Contents take() {
    std::lock_guard lock(mutex_);
    posted_ = false;
    return std::exchange(contents_, {});
  }

 private:
  std::mutex mutex_;
  Contents contents_;
  bool posted_ = false;
};

}  // namespace orrery::ui
