// Keyframes for any control: a path through the space of requests. Pure arithmetic, the same for the window, films and `orrery film`.
#pragma once

#include <string>
#include <vector>

#include "engine/api/request.h"

namespace orrery {

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
  bool loop = false;               // the last key flows into the first, in value and slope
  Request base;                    // every control that has no track
  std::vector<Track> tracks;
};

// The request at a time in [0, duration_s]. Numbers and vectors are interpolated, everything else holds.
Request request_at(const Timeline& timeline, double time_s);

std::string timeline_to_json(const Timeline& timeline);
Result<Timeline> timeline_from_json(const std::string& text);

}  // namespace orrery
