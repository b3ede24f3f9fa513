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
    case Easing::linear:
    case Easing::smooth: return u;
    case Easing::ease_in: return u * u;
    case Easing::ease_out: return u * (2.0 - u);
    case Easing::hold: return 0.0;
  }
  return u;
}

// A value that can be interpolated as a list of numbers; empty for everything else.
std::vector<double> components(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return {static_cast<double>(*whole)};
  if (const auto* number = std::get_if<double>(&value)) return {*number};
  if (const auto* list = std::get_if<std::vector<double>>(&value)) return *list;
  return {};
}

bool is_list(const Value& value) { return std::holds_alternative<std::vector<double>>(value); }

// One way from a key to the next. A missing neighbour (`exists` false) is the outside of a path that is no loop.
struct Segment {
  const Keyframe* from = nullptr;
  const Keyframe* to = nullptr;
  double span_s = 0.0;
  bool exists = false;

  // Per component, the mean slope; empty when the two ends cannot be mixed.
  std::vector<double> secants() const {
    if (!exists || span_s <= 0.0 || is_list(from->value) != is_list(to->value)) return {};
    std::vector<double> a = components(from->value), b = components(to->value);
    if (a.size() != b.size()) return {};
    for (std::size_t i = 0; i < a.size(); ++i) b[i] = (b[i] - a[i]) / span_s;
    return b;
  }
};

// The keys of a track as segments; index -1 and `count` wrap in a loop.
class Path {
 public:
  Path(const Track& track, double duration_s, bool loop) : duration_s_(duration_s), loop_(loop) {
    for (const auto& key : track.keys) {
      if (!loop || key.time_s <= duration_s || keys_.empty()) keys_.push_back(&key);
    }
    if (keys_.size() < 2) loop_ = false;
  }

  std::ptrdiff_t count() const { return static_cast<std::ptrdiff_t>(keys_.size()); }
  const Keyframe& key(std::ptrdiff_t i) const { return *keys_[static_cast<std::size_t>((i + count()) % count())]; }
  bool loop() const { return loop_; }

  // The segment that leaves key i.
  Segment segment(std::ptrdiff_t i) const {
    const std::ptrdiff_t n = count(), at = (i + n) % n;
    const bool wraps = at == n - 1;
    if ((wraps || i < 0) && !loop_) return {};
    const double span = wraps ? duration_s_ - key(at).time_s + key(0).time_s : key(at + 1).time_s - key(at).time_s;
    return {&key(at), &key(at + 1), span, true};
  }

 private:
  std::vector<const Keyframe*> keys_;
  double duration_s_;
  bool loop_;
};

// The slope that a smooth segment has at the key where `before` ends and `after` begins, one component.
double slope_at(const Segment& before, double secant_before, const Segment& after, double secant_after) {
  const Easing in = before.from->easing, out = after.from->easing;
  if (in == Easing::smooth && out == Easing::smooth) {
    if (secant_before * secant_after <= 0.0) return 0.0;
    const double w1 = 2.0 * after.span_s + before.span_s, w2 = after.span_s + 2.0 * before.span_s;
    return (w1 + w2) / (w1 / secant_before + w2 / secant_after);
  }
  // One neighbour has a slope of its own there: take it over as far as the smooth segment stays monotone.
  double own = 0.0, mine = 0.0;
  if (in == Easing::smooth) {
    mine = secant_before;
    own = out == Easing::linear ? secant_after : out == Easing::ease_out ? 2.0 * secant_after : 0.0;
  } else {
    mine = secant_after;
    own = in == Easing::linear ? secant_before : in == Easing::ease_in ? 2.0 * secant_before : 0.0;
  }
  if (own * mine <= 0.0) return 0.0;
  return std::copysign(std::min(std::abs(own), 3.0 * std::abs(mine)), mine);
}

// Slopes of every component at the key between two segments; zeros where one is missing, a jump, or of another form.
std::vector<double> slopes_between(const Segment& before, const Segment& after, std::size_t size) {
  std::vector<double> out(size, 0.0);
  const auto a = before.secants(), b = after.secants();
  if (a.size() != size || b.size() != size) return out;
  for (std::size_t i = 0; i < size; ++i) out[i] = slope_at(before, a[i], after, b[i]);
  return out;
}

// The value of segment `index` after `gone_s` seconds.
Value value_in(const Path& path, std::ptrdiff_t index, double gone_s) {
  const Segment here = path.segment(index);
  const Value &from = here.from->value, &to = here.to->value;
  const double u = here.span_s > 0.0 ? std::clamp(gone_s / here.span_s, 0.0, 1.0) : 1.0;
  const auto secants = here.secants();
  if (u <= 0.0 || here.from->easing == Easing::hold) return u >= 1.0 ? to : from;
  if (u >= 1.0) return to;
  if (secants.empty()) return from;
  std::vector<double> out = components(from);
  const std::vector<double> target = components(to);
  if (here.from->easing == Easing::smooth) {
    const auto start = slopes_between(path.segment(index - 1), here, out.size());
    const auto end = slopes_between(here, path.segment(index + 1), out.size());
    const double u2 = u * u, u3 = u2 * u;
    for (std::size_t i = 0; i < out.size(); ++i) {
      out[i] = (2.0 * u3 - 3.0 * u2 + 1.0) * out[i] + (u3 - 2.0 * u2 + u) * here.span_s * start[i] + (3.0 * u2 - 2.0 * u3) * target[i] +
               (u3 - u2) * here.span_s * end[i];
      out[i] = std::clamp(out[i], std::min(components(from)[i], target[i]), std::max(components(from)[i], target[i]));  // rounding must not leave the keys' range
    }
  } else {
    const double v = eased(here.from->easing, u);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += (target[i] - out[i]) * v;
  }
  if (is_list(from)) return out;
  if (std::holds_alternative<std::int64_t>(from) && std::holds_alternative<std::int64_t>(to)) return static_cast<std::int64_t>(std::llround(out.front()));
  return out.front();
}

Value value_at(const Track& track, double time_s, double duration_s, bool loop) {
  const Path path(track, duration_s, loop);
  std::ptrdiff_t after = 0;  // first key behind the time
  while (after < path.count() && path.key(after).time_s <= time_s) ++after;
  if (after > 0 && after < path.count()) return value_in(path, after - 1, time_s - path.key(after - 1).time_s);
  if (!path.loop()) return after == 0 ? path.key(0).value : path.key(-1).value;
  const double last = path.key(-1).time_s;
  return value_in(path, path.count() - 1, after == 0 ? time_s + duration_s - last : time_s - last);
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

std::int64_t frame_count(const Timeline& timeline) {
  return std::max<std::int64_t>(1, std::llround(timeline.duration_s * timeline.frames_per_s));
}

double frame_time(const Timeline& timeline, std::int64_t frame) { return static_cast<double>(frame) / timeline.frames_per_s; }

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
    if (json.contains("base")) {
      auto base = request_from(json.at("base"));
      if (!base) return base.error();
      timeline.base = base.value();
    }
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
        if (!(track.keys.back().time_s >= 0.0)) return bad("has a key before its start");
      }
      const auto same = std::find_if(timeline.tracks.begin(), timeline.tracks.end(), [&](const Track& other) { return other.control == track.control; });
      if (same != timeline.tracks.end()) return bad("has two tracks for \"" + track.control + "\"");
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

std::string timeline_to_json(const Timeline& timeline) { return timeline_json(timeline).dump(2, ' ', true, nlohmann::json::error_handler_t::replace); }

Result<Timeline> timeline_from_json(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded()) return JobError{ErrorCode::bad_input, "The path file is not JSON.", "Nothing was changed.", "Choose another file."};
  return timeline_from(json);
}

}  // namespace orrery
