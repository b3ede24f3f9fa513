// Edits of a path as pure functions: a timeline in, a timeline out. What the mouse, the keys and the diamonds do, they do through these.
#pragma once

#include <string>
#include <vector>

#include "engine/api/timeline.h"

namespace orrery::ui {

// A key is named by its control and time: indices change when keys pass each other.
struct KeyRef {
  std::string control;
  double time_s = 0.0;
  bool operator==(const KeyRef&) const = default;
};

// Times are kept on frames; two keys of one track never share a frame.
double snapped(const Timeline& timeline, double time_s);
double frameLength(const Timeline& timeline);
bool sameFrame(const Timeline& timeline, double a_s, double b_s);

const Track* findTrack(const Timeline& timeline, const std::string& control);
const Keyframe* findKey(const Timeline& timeline, const KeyRef& key);
// Key times of every track, ascending and without repeats.
std::vector<double> allKeyTimes(const Timeline& timeline);

// Puts a key (replacing the one in that frame, whose easing stays).
Timeline withKey(Timeline timeline, const std::string& control, double time_s, const Value& value);
// A track without keys goes too.
Timeline withoutKeys(Timeline timeline, const std::vector<KeyRef>& keys);
Timeline withoutTrack(Timeline timeline, const std::string& control);
// Moves keys together by delta_s, as far as the path's ends allow; a key that lands on another's frame replaces it. `moved` gets their new names.
Timeline withKeysMoved(const Timeline& timeline, const std::vector<KeyRef>& keys, double delta_s, std::vector<KeyRef>* moved = nullptr);
Timeline withEasing(Timeline timeline, const std::vector<KeyRef>& keys, Easing easing);
// Keys beyond the new end move onto it by scaling every time when `stretch`, else they are dropped.
Timeline withDuration(Timeline timeline, double duration_s, bool stretch);

}  // namespace orrery::ui
