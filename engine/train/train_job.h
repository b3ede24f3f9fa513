// Training as a job: from options to a finished run folder.
#pragma once

#include <functional>
#include <string>

#include "engine/api/training.h"
#include "engine/jobs/job_context.h"
#include "engine/train/snapshot_sink.h"
#include "engine/train/training_data.h"
#include "engine/train/training_run.h"

namespace orrery {

// What the composition knows and a run writes down.
struct TrainEnvironment {
  std::string version;        // of the program
  std::string command;        // that started the run
  bool low_priority = false;  // beside a window: its frames come first
  std::function<std::string(const std::string& run)> open_control;  // makes the control socket once the run is locked, returns its path
  RunSettings settings;
};

// Starts or resumes a run and trains it to its end. Returns the run folder. Throws Error: wrong_use (options, a folder in use, another
// configuration), bad_input (data, a damaged run), interrupted (stopped and saved), cancelled (stopped without saving), and what a run can
// die of. `sink` may be null.
std::string run_training(const TrainOptions& options, JobContext& job, SnapshotSink* sink, const DataOpener& open_data, const TrainEnvironment& environment = {});

}  // namespace orrery
