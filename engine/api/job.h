// Long work as values: what is asked, how it stands, what can be said to it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "engine/api/result.h"

namespace orrery {

using JobId = std::uint64_t;

enum class JobState { queued, preparing, running, pausing, paused, finishing, done, failed, cancelled, device_lost };
enum class JobVerb { pause, resume, save_now, sample_now, stop_and_save, stop_without_saving, cancel };

struct JobStatus {
  JobId id = 0;
  std::string kind;   // "train", "import", "export", "measure", "open"
  std::string title;  // "stylegan2 on emoji"
  JobState state = JobState::queued;
  double fraction = 0.0;            // 0..1; negative when it cannot be known
  std::optional<double> eta_s;
  std::string message;              // what it does right now
  std::map<std::string, double> numbers;  // kimg, img_per_s, memory_mb, ...
  std::optional<JobError> error;
  std::string result_path;          // what it made: a store, a run folder, a film

  bool finished() const {
    return state == JobState::done || state == JobState::failed || state == JobState::cancelled || state == JobState::device_lost;
  }
};

}  // namespace orrery
