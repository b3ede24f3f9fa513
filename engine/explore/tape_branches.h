// Branches of an iterative rendering: a request with branches is a row of stretches, each with settings of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "engine/api/request.h"
#include "engine/explore/player.h"

namespace orrery {

// Steps first_step + 1, ... of a rendering, made with these settings; the state at first_step is where the stretch before it ended.
struct Stretch {
  std::int64_t first_step = 0;
  Request settings;  // every value in force, without branches
};
// In order, the first from step 0. A branch that changes nothing begins no stretch; of several at one step the last words count. Throws
// Error(wrong_use) when their steps fall or are negative.
std::vector<Stretch> stretches(const Request& request);

// The request of a branch at `step` of what `of` asks for, with the values that `changed` sets otherwise; branches of `of` after `step` are left out.
Request branched(const Request& of, std::int64_t step, const Request& changed);

// How many steps two requests share: the largest step whose state is the same for both; -1: none, the largest number: all.
std::int64_t steps_in_common(const Request& a, const Request& b);

// The noise levels that are left of `ladder` (falling) for a state at `level`: `level` itself, then those below it. A ladder that begins
// there, or passes exactly through it, is the rest of itself, bit for bit.
std::vector<double> rest_of_ladder(const std::vector<double>& ladder, double level);

// Where a rendering begins: the stretch, and a recorded step in it; without one it begins at step 0 of the first.
struct Beginning {
  std::size_t stretch = 0;
  std::optional<RenderStep> from;
  double level = 0.0;  // of the state at the stretch's first step, where its noise levels begin; only with `from`
};
// The furthest recorded step that a player can go on from. `exact(stretch, step)`: whether that stretch goes on from inside, at this step, with
// nothing but its state (a sampler that remembers earlier predictions does not); the first step of a stretch is always a beginning.
Beginning beginning(const std::vector<Stretch>& row, RenderObserver& observer, const std::function<bool(const Stretch&, std::int64_t step)>& exact);

}  // namespace orrery
