#include "engine/api/timeline.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/api/value_json.h"

namespace orrery {
namespace {

constexpr const char* kEasings[] = {"linear", "smooth", "ease_in", "ease_out", "hold"};

double eased(Easing easing, double u) {
  switch (easing) {
    case Easing::linear: return u;
    case Easing::smooth: return u * u * (3.0 - 2.0 * u);
    case Easing::ease_in: return u * u;
    case Easing::ease_out: return u * (2.0 - u);
    case Easing::hold: return 0.0;
  }
  return u;
}

double as_number(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return std::get<double>(value);
}
bool is_number(const Value& value) { return std::holds_alternative<double>(value) || std::holds_alternative<std::int64_t>(value); }

// Numbers mix (whole ones stay whole where both ends are), lists of equal length mix element by element, the rest holds the first.
Value mix(const Value& a, const Value& b, double u) {
  if (u <= 0.0) return a;
  if (is_number(a) && is_number(b)) {
    const double number = as_number(a) + (as_number(b) - as_number(a)) * u;
    if (std::holds_alternative<std::int64_t>(a) && std::holds_alternative<std::int64_t>(b)) return static_cast<std::int64_t>(std::llround(number));
    return number;
  }
  const auto* from = std::get_if<std::vector<double>>(&a);
  const auto* to = std::get_if<std::vector<double>>(&b);
  if (from && to && from->size() == to->size()) {
    std::vector<double> out(from->size());
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = (*from)[i] + ((*to)[i] - (*from)[i]) * u;
    return out;
  }
  return u >= 1.0 ? b : a;
}

Value value_at(const Track& track, double time_s, double duration_s, bool loop) {
  const auto& keys = track.keys;
  const auto after = std::upper_bound(keys.begin(), keys.end(), time_s, [](double t, const Keyframe& key) { return t < key.time_s; });
  if (after == keys.begin() || after == keys.end()) {
    const bool before_first = after == keys.begin();
    if (!loop || keys.size() < 2) return before_first ? keys.front().value : keys.back().value;
    // The span from the last key round to the first.
    const Keyframe& last = keys.back();
    const double span = duration_s - last.time_s + keys.front().time_s;
    const double gone = before_first ? time_s + duration_s - last.time_s : time_s - last.time_s;
    return mix(last.value, keys.front().value, span > 0.0 ? eased(last.easing, std::clamp(gone / span, 0.0, 1.0)) : 1.0);
  }
  const Keyframe& from = *(after - 1);
  const double span = after->time_s - from.time_s;
  return mix(from.value, after->value, span > 0.0 ? eased(from.easing, (time_s - from.time_s) / span) : 1.0);
}

}  // namespace

Request request_at(const Timeline& timeline, double time_s) {
  Request request = timeline.base;
  const double t = std::clamp(time_s, 0.0, timeline.duration_s);
  for (const auto& track : timeline.tracks) {
    if (!track.keys.empty()) request.values[track.control] = value_at(track, t, timeline.duration_s, timeline.loop);
  }
  return request;
}

nlohmann::json timeline_json(const Timeline& timeline) {
  nlohmann::json tracks = nlohmann::json::array();
  for (const auto& track : timeline.tracks) {
    nlohmann::json keys = nlohmann::json::array();
    for (const auto& key : track.keys) {
      keys.push_back({{"time_s", key.time_s}, {"value", value_json(key.value)}, {"easing", kEasings[static_cast<int>(key.easing)]}});
    }
    tracks.push_back({{"control", track.control}, {"keys", keys}});
  }
  return {{"duration_s", timeline.duration_s}, {"frames_per_s", timeline.frames_per_s}, {"loop", timeline.loop},
          {"base", request_json(timeline.base)}, {"tracks", tracks}};
}

Result<Timeline> timeline_from(const nlohmann::json& json) {
  const auto bad = [](const std::string& what) {
    return JobError{ErrorCode::bad_input, "The path " + what + ".", "Nothing was changed.", "Choose a path that Orrery wrote, or correct it."};
  };
  try {
    Timeline timeline;
    timeline.duration_s = json.value("duration_s", timeline.duration_s);
    timeline.frames_per_s = json.value("frames_per_s", timeline.frames_per_s);
    timeline.loop = json.value("loop", false);
    if (!(timeline.duration_s > 0.0 && timeline.duration_s <= 86400.0)) return bad("lasts no time, or more than a day");
    if (!(timeline.frames_per_s > 0.0 && timeline.frames_per_s <= 240.0)) return bad("has an impossible number of frames per second");
    auto base = request_from(json.at("base"));
    if (!base) return base.error();
    timeline.base = base.value();
    for (const auto& item : json.value("tracks", nlohmann::json::array())) {
      Track track;
      track.control = item.at("control").get<std::string>();
      for (const auto& entry : item.at("keys")) {
        auto value = value_from(entry.at("value"));
        if (!value) return value.error();
        const std::string easing = entry.value("easing", "smooth");
        const auto* found = std::find(std::begin(kEasings), std::end(kEasings), easing);
        if (found == std::end(kEasings)) return bad("names an unknown easing \"" + easing + "\"");
        track.keys.push_back({entry.at("time_s").get<double>(), value.value(), static_cast<Easing>(found - std::begin(kEasings))});
      }
      std::stable_sort(track.keys.begin(), track.keys.end(), [](const Keyframe& a, const Keyframe& b) { return a.time_s < b.time_s; });
      timeline.tracks.push_back(std::move(track));
    }
    return timeline;
  } catch (const nlohmann::json::exception& error) {
    auto reason = bad("is not of the form that Orrery writes");
    reason.details = error.what();
    return reason;
  }
}

std::string timeline_to_json(const Timeline& timeline) { return timeline_json(timeline).dump(2, ' ', true); }

Result<Timeline> timeline_from_json(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return JobError{ErrorCode::bad_input, "The path file is not JSON.", "Nothing was changed.", "Choose another file."};
  return timeline_from(json);
}

}  // namespace orrery
