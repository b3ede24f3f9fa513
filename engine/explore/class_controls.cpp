#include "engine/explore/class_controls.h"

#include <algorithm>
#include <numeric>
#include <set>

#include "engine/explore/control_parts.h"

namespace orrery {

std::vector<std::string> distinct_class_names(const std::vector<std::string>& names, std::int64_t classes) {
  std::vector<std::string> out;
  std::set<std::string> taken;
  for (std::int64_t i = 0; i < classes; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::string name = at < names.size() && !names[at].empty() ? names[at] : "class " + std::to_string(i);
    std::string distinct = name;
    for (int copy = 2; !taken.insert(distinct).second; ++copy) distinct = name + " (" + std::to_string(copy) + ")";
    out.push_back(distinct);
  }
  return out;
}

void add_class_controls(std::vector<ControlSpec>& specs, const std::vector<std::string>& names) {
  auto one = control(ControlKind::choice, "class", "Class", "Class", "What the picture should show.", names.empty() ? std::string() : names.front());
  auto blend = expert(control(ControlKind::class_blend, "class.blend", "Class", "Class blend", "Weights of several classes at once; they need not sum to one. All zero: the class chosen above.",
                              std::vector<double>(names.size(), 0.0)));
  one.choices = blend.choices = names;
  if (names.empty()) one.unavailable = blend.unavailable = "This model was trained without classes.";
  specs.push_back(one);
  specs.push_back(blend);
}

std::vector<double> class_weights(const Request& request, const std::vector<std::string>& names) {
  std::vector<double> weights = request.get<std::vector<double>>("class.blend", {});
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  if (sum > 0.0) {
    for (double& weight : weights) weight /= sum;
    return weights;
  }
  weights.assign(names.size(), 0.0);
  if (names.empty()) return weights;
  const auto chosen = std::find(names.begin(), names.end(), request.get<std::string>("class", names.front()));
  weights[static_cast<std::size_t>(chosen - names.begin())] = 1.0;
  return weights;
}

}  // namespace orrery
