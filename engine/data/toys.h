// Points in the plane from formulas: data sets of any length for models that are looked at whole.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/device/rng.h"

namespace orrery::data {

struct Toy {
  std::string name;                      // "toy-rings"
  std::string sentence;
  std::vector<std::string> class_names;  // empty: no classes
};
const std::vector<Toy>& toys();
// The toy of "builtin:toy-moons", none for other names.
std::optional<Toy> toy_of(const std::string& path);

struct ToyPoints {
  at::Tensor points;  // [N, 2] float32, nearly all within [-1, 1]
  at::Tensor labels;  // [N, classes] float32 one-hot, undefined without classes
};
// toy-rings: eight Gaussians on a circle, one class each. toy-moons: two half circles, one class each. toy-swissroll: a spiral.
ToyPoints toy_points(const Toy& toy, std::int64_t count, Rng rng);

}  // namespace orrery::data
