#include "engine/data/toys.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/zeros.h>

#include <cmath>

namespace orrery::data {
namespace {

constexpr int kModes = 8;

}  // namespace

const std::vector<Toy>& toys() {
  static const std::vector<Toy> list = [] {
    std::vector<Toy> all{{"toy-rings", "Eight Gaussians on a circle", {}}, {"toy-moons", "Two half circles", {"upper moon", "lower moon"}}, {"toy-swissroll", "A spiral", {}}};
    for (int mode = 0; mode < kModes; ++mode) all[0].class_names.push_back("Gaussian " + std::to_string(mode + 1));
    return all;
  }();
  return list;
}

std::optional<Toy> toy_of(const std::string& path) {
  for (const auto& toy : toys())
    if (path == "builtin:" + toy.name) return toy;
  return std::nullopt;
}

ToyPoints toy_points(const Toy& toy, std::int64_t count, Rng rng) {
  const auto classes = static_cast<std::int64_t>(toy.class_names.size());
  ToyPoints out;
  out.points = at::empty({count, 2}, at::kFloat);
  if (classes > 0) out.labels = at::zeros({count, classes}, at::kFloat);
  const at::Tensor places = rng.fork("place").uniform({count, 2}, at::kDouble), blur = rng.fork("blur").normal({count, 2}, at::kDouble);
  const double* place = places.const_data_ptr<double>();
  const double* noise = blur.const_data_ptr<double>();
  float* point = out.points.mutable_data_ptr<float>();
  for (std::int64_t i = 0; i < count; ++i, place += 2, noise += 2, point += 2) {
    double x = 0.0, y = 0.0, spread = 0.05;
    std::int64_t label = 0;
    if (toy.name == "toy-rings") {
      label = std::min<std::int64_t>(static_cast<std::int64_t>(place[0] * kModes), kModes - 1);
      const double angle = 2.0 * M_PI * static_cast<double>(label) / kModes;
      x = 0.7 * std::cos(angle), y = 0.7 * std::sin(angle);
    } else if (toy.name == "toy-moons") {
      label = place[0] < 0.5 ? 0 : 1;
      const double angle = M_PI * place[1];
      x = 0.6 * (label == 0 ? std::cos(angle) - 0.5 : 0.5 - std::cos(angle));
      y = 0.6 * (label == 0 ? std::sin(angle) - 0.25 : 0.25 - std::sin(angle));
      spread = 0.04;
    } else {
      const double turn = 1.5 * M_PI * (1.0 + 2.0 * std::sqrt(place[0]));  // evener along the arc than a uniform angle
      x = 0.062 * turn * std::cos(turn), y = 0.062 * turn * std::sin(turn);
      spread = 0.025;
    }
    point[0] = static_cast<float>(x + spread * noise[0]);
    point[1] = static_cast<float>(y + spread * noise[1]);
    if (classes > 0) out.labels[i][label] = 1.0;
  }
  return out;
}

}  // namespace orrery::data
