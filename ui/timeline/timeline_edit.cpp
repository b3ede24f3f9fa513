#include "ui/timeline/timeline_edit.h"

#include <algorithm>
#include <cmath>

namespace orrery::ui {
namespace {

Track* trackOf(Timeline& timeline, const std::string& control) {
  for (auto& track : timeline.tracks) {
    if (track.control == control) return &track;
  }
  return nullptr;
}

void sortKeys(Track& track) {
  std::stable_sort(track.keys.begin(), track.keys.end(), [](const Keyframe& a, const Keyframe& b) { return a.time_s < b.time_s; });
}

void dropEmptyTracks(Timeline& timeline) {
  std::erase_if(timeline.tracks, [](const Track& track) { return track.keys.empty(); });
}

}  // namespace

double frameLength(const Timeline& timeline) { return 1.0 / std::max(timeline.frames_per_s, 1e-6); }

double snapped(const Timeline& timeline, double time_s) {
  const double frame = std::round(std::clamp(time_s, 0.0, timeline.duration_s) * timeline.frames_per_s);
  return std::min(frame / timeline.frames_per_s, timeline.duration_s);
}

bool sameFrame(const Timeline& timeline, double a_s, double b_s) { return std::abs(a_s - b_s) < 0.5 * frameLength(timeline); }

const Track* findTrack(const Timeline& timeline, const std::string& control) {
  return trackOf(const_cast<Timeline&>(timeline), control);  // only read
}

const Keyframe* findKey(const Timeline& timeline, const KeyRef& key) {
  const Track* track = findTrack(timeline, key.control);
  if (!track) return nullptr;
  for (const auto& candidate : track->keys) {
    if (sameFrame(timeline, candidate.time_s, key.time_s)) return &candidate;
  }
  return nullptr;
}

std::vector<double> allKeyTimes(const Timeline& timeline) {
  std::vector<double> times;
  for (const auto& track : timeline.tracks) {
    for (const auto& key : track.keys) times.push_back(key.time_s);
  }
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end(), [&](double a, double b) { return sameFrame(timeline, a, b); }), times.end());
  return times;
}

Timeline withKey(Timeline timeline, const std::string& control, double time_s, const Value& value) {
  const double time = snapped(timeline, time_s);
  Track* track = trackOf(timeline, control);
  if (!track) {
    timeline.tracks.push_back({control, {}});
    track = &timeline.tracks.back();
  }
  for (auto& key : track->keys) {
    if (!sameFrame(timeline, key.time_s, time)) continue;
    key.value = value;
    return timeline;
  }
  track->keys.push_back({time, value, Easing::smooth});
  sortKeys(*track);
  return timeline;
}

Timeline withoutKeys(Timeline timeline, const std::vector<KeyRef>& keys) {
  for (const auto& ref : keys) {
    if (Track* track = trackOf(timeline, ref.control)) {
      std::erase_if(track->keys, [&](const Keyframe& key) { return sameFrame(timeline, key.time_s, ref.time_s); });
    }
  }
  dropEmptyTracks(timeline);
  return timeline;
}

Timeline withoutTrack(Timeline timeline, const std::string& control) {
  std::erase_if(timeline.tracks, [&](const Track& track) { return track.control == control; });
  return timeline;
}

Timeline withKeysMoved(const Timeline& timeline, const std::vector<KeyRef>& keys, double delta_s, std::vector<KeyRef>* moved) {
  double earliest = timeline.duration_s;
  double latest = 0.0;
  for (const auto& ref : keys) {
    earliest = std::min(earliest, ref.time_s);
    latest = std::max(latest, ref.time_s);
  }
  const double delta = std::clamp(delta_s, -earliest, std::max(-earliest, timeline.duration_s - latest));
  Timeline next = withoutKeys(timeline, keys);
  std::vector<KeyRef> names;
  for (const auto& ref : keys) {
    const Keyframe* old = findKey(timeline, ref);
    if (!old) continue;
    const double time = snapped(timeline, old->time_s + delta);
    next = withKey(std::move(next), ref.control, time, old->value);
    for (auto& key : trackOf(next, ref.control)->keys) {
      if (sameFrame(next, key.time_s, time)) key.easing = old->easing;
    }
    names.push_back({ref.control, time});
  }
  // The order of the tracks is what the person sees: keep it although an emptied track was made anew.
  std::stable_sort(next.tracks.begin(), next.tracks.end(), [&](const Track& a, const Track& b) {
    const auto place = [&](const Track& track) {
      return std::find_if(timeline.tracks.begin(), timeline.tracks.end(), [&](const Track& old) { return old.control == track.control; });
    };
    return place(a) < place(b);
  });
  if (moved) *moved = std::move(names);
  return next;
}

Timeline withEasing(Timeline timeline, const std::vector<KeyRef>& keys, Easing easing) {
  for (const auto& ref : keys) {
    if (Track* track = trackOf(timeline, ref.control)) {
      for (auto& key : track->keys) {
        if (sameFrame(timeline, key.time_s, ref.time_s)) key.easing = easing;
      }
    }
  }
  return timeline;
}

Timeline withDuration(Timeline timeline, double duration_s, bool stretch) {
  const double factor = duration_s / timeline.duration_s;
  timeline.duration_s = duration_s;
  for (auto& track : timeline.tracks) {
    if (stretch) {
      for (auto& key : track.keys) key.time_s = snapped(timeline, key.time_s * factor);
      const auto same = [&](const Keyframe& a, const Keyframe& b) { return sameFrame(timeline, a.time_s, b.time_s); };
      track.keys.erase(std::unique(track.keys.begin(), track.keys.end(), same), track.keys.end());
    } else {
      std::erase_if(track.keys, [&](const Keyframe& key) { return key.time_s > duration_s + 1e-9; });
    }
  }
  dropEmptyTracks(timeline);
  return timeline;
}

}  // namespace orrery::ui
