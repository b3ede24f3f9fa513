#include "engine/explore/tape_branches.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/api/result.h"

namespace orrery {
namespace {

constexpr double kSameLevel = 1e-9;  // relative: rounding on the way through a schedule

[[noreturn]] void wrong(const std::string& what) { throw Error(ErrorCode::wrong_use, what, "Nothing was changed.", "Branch again from a step of the tape."); }

}  // namespace

std::vector<Stretch> stretches(const Request& request) {
  std::vector<Stretch> out{{0, {request.model, request.values}}};
  std::int64_t before = 0;
  for (const auto& branch : request.branches) {
    if (branch.step < before) wrong(branch.step < 0 ? "A branch begins before the first step." : "The branches of this request are out of order.");
    before = branch.step;
    Request settings = out.back().settings;
    for (const auto& [id, value] : branch.values) settings.values[id] = value;
    if (settings == out.back().settings) continue;
    if (out.back().first_step == branch.step) out.back().settings = std::move(settings);
    else out.push_back({branch.step, std::move(settings)});
  }
  return out;
}

Request branched(const Request& of, std::int64_t step, const Request& changed) {
  Request out = of;
  std::erase_if(out.branches, [&](const BranchPoint& branch) { return branch.step > step; });
  std::map<std::string, Value> in_force = out.values;
  for (const auto& branch : out.branches) {
    for (const auto& [id, value] : branch.values) in_force[id] = value;
  }
  BranchPoint point{step, {}};
  for (const auto& [id, value] : changed.values) {
    const auto now = in_force.find(id);
    if (now == in_force.end() || now->second != value) point.values[id] = value;
  }
  out.branches.push_back(std::move(point));
  return out;
}

std::int64_t steps_in_common(const Request& a, const Request& b) {
  constexpr auto all = std::numeric_limits<std::int64_t>::max();
  if (a.model != b.model || a.values != b.values) return -1;
  std::size_t same = 0;
  while (same < a.branches.size() && same < b.branches.size() && a.branches[same] == b.branches[same]) ++same;
  const auto next = [&](const Request& request) { return same < request.branches.size() ? request.branches[same].step : all; };
  return std::min(next(a), next(b));
}

std::vector<double> rest_of_ladder(const std::vector<double>& ladder, double level) {
  std::vector<double> out{level};
  for (const double next : ladder) {
    if (next < level * (1.0 - kSameLevel)) out.push_back(next);
    else if (std::abs(next - level) <= level * kSameLevel) out.front() = next;
  }
  return out;
}

Beginning beginning(const std::vector<Stretch>& row, RenderObserver& observer, const std::function<bool(const Stretch&, std::int64_t step)>& exact) {
  const std::int64_t known = observer.recorded();
  for (std::size_t i = row.size(); i-- > 0;) {
    if (row[i].first_step > known) continue;
    std::int64_t last = known;
    if (i + 1 < row.size()) last = std::min(last, row[i + 1].first_step);
    RenderStep first = observer.recorded_step(row[i].first_step);
    const double level = first.level;
    for (std::int64_t step = last; step > row[i].first_step; --step) {
      if (exact(row[i], step)) return {i, observer.recorded_step(step), level};
    }
    return {i, std::move(first), level};
  }
  return {};
}

}  // namespace orrery
