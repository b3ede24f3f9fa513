#include "engine/jobs/messages.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace orrery::jobs {
namespace {

using Json = nlohmann::json;

constexpr const char* state_names[] = {"queued", "preparing", "running", "pausing", "paused", "finishing", "done", "failed", "cancelled", "device_lost"};
constexpr const char* verb_names[] = {"pause", "resume", "save_now", "sample_now", "stop_and_save", "stop_without_saving", "cancel"};
constexpr const char* code_names[] = {"wrong_use", "bad_input",     "interrupted",  "cancelled",   "disk_full",
                                      "out_of_memory", "not_a_number", "device_lost", "failed"};

template <class Enum, std::size_t n>
std::optional<Enum> from_name(const char* const (&names)[n], const std::string& name) {
  for (std::size_t i = 0; i < n; ++i) {
    if (name == names[i]) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

Json finite_only(const std::map<std::string, double>& values) {
  Json out = Json::object();
  for (const auto& [name, value] : values) {
    if (std::isfinite(value)) out[name] = value;
  }
  return out;
}

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

JobStatus status_from(const Json& json) {
  JobStatus status;
  status.title = json.at("title").get<std::string>();
  const auto state = from_name<JobState>(state_names, json.at("state").get<std::string>());
  if (!state) throw Json::other_error::create(501, "no such state", nullptr);
  status.state = *state;
  status.fraction = json.at("fraction").get<double>();
  if (json.contains("eta_s")) status.eta_s = json.at("eta_s").get<double>();
  status.message = json.at("message").get<std::string>();
  status.numbers = json.at("numbers").get<std::map<std::string, double>>();
  status.result_path = json.at("result_path").get<std::string>();
  if (json.contains("error")) {
    const Json& e = json.at("error");
    const auto code = from_name<ErrorCode>(code_names, e.at("code").get<std::string>());
    status.error = JobError{code.value_or(ErrorCode::failed), e.at("what_happened").get<std::string>(), e.at("what_is_safe").get<std::string>(),
                            e.at("what_to_do").get<std::string>(), e.at("details").get<std::string>()};
  }
  return status;
}

}  // namespace

const char* state_name(JobState state) { return state_names[static_cast<int>(state)]; }
const char* verb_name(JobVerb verb) { return verb_names[static_cast<int>(verb)]; }
std::optional<JobVerb> verb_from(const std::string& name) { return from_name<JobVerb>(verb_names, name); }

std::string status_message(const JobStatus& s) {
  Json json = {{"title", s.title},     {"state", state_name(s.state)},      {"fraction", std::isfinite(s.fraction) ? s.fraction : -1.0},
               {"message", s.message}, {"numbers", finite_only(s.numbers)}, {"result_path", s.result_path}};
  if (s.eta_s && std::isfinite(*s.eta_s)) json["eta_s"] = *s.eta_s;
  if (s.error) {
    json["error"] = {{"code", code_names[static_cast<int>(s.error->code)]}, {"what_happened", s.error->what_happened},
                     {"what_is_safe", s.error->what_is_safe},                {"what_to_do", s.error->what_to_do},
                     {"details", s.error->details.substr(0, 20000)}};
  }
  return dumped({{"status", json}});
}

std::string stats_message(const StatsPoint& p) {
  return dumped({{"stats", {{"step", p.step}, {"kimg", p.kimg}, {"wall_s", p.wall_s}, {"values", finite_only(p.values)}}}});
}

std::string verb_message(JobVerb verb) { return dumped({{"verb", verb_name(verb)}}); }

std::string watching_message(bool watching) { return dumped({{"watching", watching}}); }
std::string snapshot_message(SnapshotNews news) { return dumped({{"snapshot", news == SnapshotNews::kept ? "kept" : "passing"}}); }

std::optional<Message> parse_message(const std::string& text) {
  try {
    const Json json = Json::parse(text, [](int depth, Json::parse_event_t, Json&) { return depth < 16; });  // deeper parts are dropped
    Message message;
    if (json.contains("status")) {
      message.status = status_from(json.at("status"));
    } else if (json.contains("stats")) {
      const Json& s = json.at("stats");
      if (!s.at("step").is_number_integer()) return std::nullopt;
      message.stats = StatsPoint{s.at("step").get<std::int64_t>(), s.at("kimg").get<double>(), s.at("wall_s").get<double>(),
                                 s.at("values").get<std::map<std::string, double>>()};
    } else if (json.contains("verb")) {
      message.verb = verb_from(json.at("verb").get<std::string>());
      if (!message.verb) return std::nullopt;
    } else if (json.contains("watching")) {
      message.watching = json.at("watching").get<bool>();
    } else if (json.contains("snapshot")) {
      const auto news = json.at("snapshot").get<std::string>();
      if (news != "kept" && news != "passing") return std::nullopt;
      message.snapshot = news == "kept" ? SnapshotNews::kept : SnapshotNews::passing;
    } else {
      return std::nullopt;
    }
    return message;
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace orrery::jobs
