// A path through stored positions.
#include <algorithm>

#include "engine/api/timeline.h"

namespace orrery {
namespace {

// The controls of a latent that is drawn from a seed, as every kind with such a latent names them.
constexpr const char* kSeed = "seed";
constexpr const char* kPad = "latent.pad";
constexpr const char* kSecond = "latent.second";
constexpr const char* kSecondPad = "latent.second_pad";
constexpr const char* kBlend = "latent.blend";

class Positions {
 public:
  Positions(const std::vector<Request>& positions, const std::vector<ControlSpec>& controls) : positions_(positions), controls_(controls) {}

  Value at(std::size_t position, const std::string& id) const {
    const auto& values = positions_[position].values;
    if (const auto found = values.find(id); found != values.end()) return found->second;
    const auto spec = std::find_if(controls_.begin(), controls_.end(), [&](const ControlSpec& control) { return control.id == id; });
    if (spec != controls_.end()) return spec->neutral;
    for (const auto& other : positions_) {  // no such control: what another position says stands in
      if (const auto found = other.values.find(id); found != other.values.end()) return found->second;
    }
    return {};
  }
  bool differ(const std::string& id) const {
    for (std::size_t k = 1; k < positions_.size(); ++k) {
      if (at(k, id) != at(0, id)) return true;
    }
    return false;
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> out;
    for (const auto& position : positions_) {
      for (const auto& [id, value] : position.values) out.push_back(id);
    }
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
  }
  bool has(const std::string& id) const {
    return std::any_of(controls_.begin(), controls_.end(), [&](const ControlSpec& control) { return control.id == id; });
  }
  std::size_t count() const { return positions_.size(); }

 private:
  const std::vector<Request>& positions_;
  const std::vector<ControlSpec>& controls_;
};

bool is_blend(const Value& value) { return value != Value(0.0) && value != Value(std::int64_t{0}); }

// From each stop's point to the next stop's: the two points hold for the segment, the blend goes from 0 to 1.
void add_blends(Timeline& out, const Positions& positions, const std::vector<double>& stops, double duration_s, bool loop, Easing easing) {
  Track seed{kSeed, {}}, pad{kPad, {}}, second{kSecond, {}}, second_pad{kSecondPad, {}}, blend{kBlend, {}};
  const std::size_t n = positions.count(), segments = loop ? n : n - 1;
  for (std::size_t k = 0; k < segments; ++k) {
    const double start = stops[k], end = k + 1 < n ? stops[k + 1] : duration_s;
    const std::size_t next = (k + 1) % n;
    seed.keys.push_back({start, positions.at(k, kSeed), Easing::hold});
    pad.keys.push_back({start, positions.at(k, kPad), Easing::hold});
    second.keys.push_back({start, positions.at(next, kSeed), Easing::hold});
    second_pad.keys.push_back({start, positions.at(next, kPad), Easing::hold});
    blend.keys.push_back({start, 0.0, easing});
    blend.keys.push_back({end, 1.0, Easing::hold});
  }
  for (auto* track : {&seed, &pad, &second, &second_pad, &blend}) out.tracks.push_back(std::move(*track));
}

}  // namespace

Timeline timeline_through(const std::vector<Request>& positions, const std::vector<ControlSpec>& controls, double duration_s, double frames_per_s, bool loop,
                          Easing easing) {
  Timeline out;
  out.duration_s = duration_s;
  out.frames_per_s = frames_per_s;
  out.loop = loop && positions.size() > 1;
  out.base = positions.front();
  if (positions.size() < 2) return out;

  const Positions all(positions, controls);
  const std::size_t n = positions.size();
  std::vector<double> stops;
  for (std::size_t k = 0; k < n; ++k) stops.push_back(duration_s * static_cast<double>(k) / static_cast<double>(loop ? n : n - 1));

  bool any_blend = false;
  for (std::size_t k = 0; k < n; ++k) any_blend = any_blend || is_blend(all.at(k, kBlend));
  const bool blends = all.differ(kSeed) && !any_blend && all.has(kBlend);
  if (blends) add_blends(out, all, stops, duration_s, loop, easing);
  for (const auto& id : all.ids()) {
    const bool latent = id == kSeed || id == kPad || id == kSecond || id == kSecondPad || id == kBlend;
    if ((latent && blends) || !all.differ(id)) continue;
    Track track{id, {}};
    const bool jump = id == kSeed || id == kSecond || (latent && all.differ(kSeed));
    for (std::size_t k = 0; k < n; ++k) track.keys.push_back({stops[k], all.at(k, id), jump ? Easing::hold : easing});
    out.tracks.push_back(std::move(track));
  }
  return out;
}

}  // namespace orrery
