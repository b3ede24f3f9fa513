// What is said over the control socket, as JSON:
//   trainer -> client  {"status": {...}}, {"stats": {...}}, {"snapshot": "kept" | "passing"} (only to those who watch)
//   client -> trainer  {"verb": "pause"}, {"watching": true}
#pragma once

#include <optional>
#include <string>

#include "engine/api/job.h"
#include "engine/api/training.h"

namespace orrery::jobs {

std::string status_message(const JobStatus& status);
std::string stats_message(const StatsPoint& point);
std::string verb_message(JobVerb verb);
// Somebody looks at the run's pictures now (or no longer): then there are passing snapshots, in RUN/live.safetensors.
std::string watching_message(bool watching);
// A snapshot has been written: one that is kept lies in RUN/snapshots.
enum class SnapshotNews { kept, passing };
std::string snapshot_message(SnapshotNews news);

struct Message {
  std::optional<JobStatus> status;
  std::optional<StatsPoint> stats;
  std::optional<JobVerb> verb;
  std::optional<bool> watching;
  std::optional<SnapshotNews> snapshot;
};
// nullopt for anything that is not one of the messages above: whatever sent it is not to be trusted further.
std::optional<Message> parse_message(const std::string& text);

const char* state_name(JobState state);
const char* verb_name(JobVerb verb);
std::optional<JobVerb> verb_from(const std::string& name);

}  // namespace orrery::jobs
