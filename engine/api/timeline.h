// Keyframes for any control: a path through the space of requests. Pure arithmetic, the same for the window, films and `orrery film`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/api/control.h"
#include "engine/api/request.h"

namespace orrery {

// How a number gets from its key to the next. `smooth` is a cubic through the keys (monotone, Fritsch & Butland 1984: it never leaves the range
// of the two keys) whose slope is shared by the segments that meet at a key; at the ends of a path that is no loop it starts and stops
// gently. `linear` keeps one speed, `ease_in` starts gently, `ease_out` stops gently, `hold` jumps at the next key.
enum class Easing { linear, smooth, ease_in, ease_out, hold };

struct Keyframe {
  double time_s = 0.0;
  Value value;
  Easing easing = Easing::smooth;  // of the way from this key to the next
};

struct Track {
  std::string control;             // ControlSpec::id
  std::vector<Keyframe> keys;      // sorted by time
};

struct Timeline {
  double duration_s = 4.0;
  double frames_per_s = 30.0;
  bool loop = false;               // the last key flows into the first, in value and (where both easings are smooth) slope
  Request base;                    // every control that has no track
  std::vector<Track> tracks;
};

// The request at a time in [0, duration_s]. Numbers and lists of equal length are interpolated (whole numbers stay whole, rounded), everything
// else holds. Two keys at the same time are a jump. Keys behind the end of a loop do not count.
Request request_at(const Timeline& timeline, double time_s);

// Films and previews take their pictures at the same times: k / frames_per_s for k = 0 .. frame_count - 1. A loop's last frame is one step
// before its first.
std::int64_t frame_count(const Timeline& timeline);
double frame_time(const Timeline& timeline, std::int64_t frame);

// A path through whole pictures, evenly spaced in time: at each stop the picture is exactly that of positions[k]. Controls that differ get a track
// with `easing` (their neutral value where a position does not set them). Where the seeds differ, the way from one stop to the next is a
// blend: tracks for seed, latent.pad, latent.second, latent.second_pad and latent.blend, as every model with a latent has them; positions that are
// blends of different seeds themselves are jumped to. `positions` must not be empty; the first names the model.
Timeline timeline_through(const std::vector<Request>& positions, const std::vector<ControlSpec>& controls, double duration_s, double frames_per_s, bool loop,
                          Easing easing = Easing::smooth);

std::string timeline_to_json(const Timeline& timeline);
Result<Timeline> timeline_from_json(const std::string& text);

}  // namespace orrery
