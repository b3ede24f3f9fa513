#include "engine/explore/photo_codes.h"

#include <algorithm>

#include "engine/diffusion/inversion.h"

namespace orrery {
namespace {

constexpr std::size_t kMost = 4;

bool same(const PhotoWay& a, const PhotoWay& b) {
  const auto &s = a.sampling, &t = b.sampling;
  return a.picture == b.picture && a.class_weights == b.class_weights && a.sampler->without_noise == b.sampler->without_noise && s.levels == t.levels &&
         s.schedule == t.schedule && s.scaling == t.scaling && s.clip == t.clip && s.ladder.sigma_min == t.ladder.sigma_min &&
         s.ladder.sigma_max == t.ladder.sigma_max && s.ladder.vp_time_min == t.ladder.vp_time_min;
}

}  // namespace

at::Tensor PhotoCodes::state(const PhotoWay& way, const at::Tensor& photo, std::int64_t level, const diffusion::Denoise& denoise, diffusion::SampleObserver& observer) {
  const auto found = std::find_if(known_.begin(), known_.end(), [&](const Known& known) { return same(known.way, way); });
  if (found == known_.end()) known_.push_front({way, {photo}});
  else known_.splice(known_.begin(), known_, found);
  if (known_.size() > kMost) known_.pop_back();

  auto& states = known_.front().states;
  std::vector<double> levels = way.sampling.levels;
  levels.push_back(0.0);
  const auto last = static_cast<std::int64_t>(levels.size()) - 1;
  while (static_cast<std::int64_t>(states.size()) <= last - level) {
    const auto reached = last - static_cast<std::int64_t>(states.size()) + 1, step = reached - 1;  // the level of states.back(), and the step that ends there
    const auto at = [&](std::int64_t number) { return levels[static_cast<std::size_t>(number)]; };
    at::Tensor guess;
    // On along the line of the step before.
    if (states.size() > 1) guess = states.back() + (states.back() - states[states.size() - 2]) * ((at(step) - at(reached)) / (at(reached) - at(reached + 1)));
    const auto one = diffusion::invert_step(*way.sampler, denoise, way.sampling, states.back(), step, guess, observer);
    if (!one.x.defined()) return {};
    states.push_back(one.x);
  }
  return states[static_cast<std::size_t>(last - level)];
}

}  // namespace orrery
