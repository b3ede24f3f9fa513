// Watching a run that another process trains, and speaking to it.
#pragma once

#include <string>

#include "engine/api/studio.h"
#include "engine/jobs/job_context.h"

namespace orrery {

class SnapshotSink;

// Mirrors the trainer's state, numbers and statistics (those of stats.jsonl first) into `job`, forwards its verbs, and publishes kept snapshots
// as they appear in the run folder. Returns the run folder when the training is done. `cancel` only stops watching. Throws
// Error(bad_input) when nobody trains there, Error(failed) "The run ended unexpectedly at step N." when the trainer died, Error(cancelled) when
// it was stopped without saving or is no longer watched, and the trainer's own error when it failed.
std::string run_attach(const AttachJob& attach, JobContext& job, SnapshotSink* sink = nullptr);

}  // namespace orrery
