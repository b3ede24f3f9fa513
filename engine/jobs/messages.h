// What is said over the control socket, as JSON:
//   trainer -> client  {"status": {...}}, {"stats": {...}}
//   client -> trainer  {"verb": "pause"}
#pragma once

#include <optional>
#include <string>

#include "engine/api/job.h"
#include "engine/api/training.h"

namespace orrery::jobs {

std::string status_message(const JobStatus& status);
std::string stats_message(const StatsPoint& point);
std::string verb_message(JobVerb verb);

struct Message {
  std::optional<JobStatus> status;
  std::optional<StatsPoint> stats;
  std::optional<JobVerb> verb;
};
// nullopt for anything that is not one of the messages above: whatever sent it is not to be trusted further.
std::optional<Message> parse_message(const std::string& text);

const char* state_name(JobState state);
const char* verb_name(JobVerb verb);
std::optional<JobVerb> verb_from(const std::string& name);

}  // namespace orrery::jobs
