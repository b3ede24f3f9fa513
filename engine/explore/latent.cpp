#include "engine/explore/latent.h"

#include <algorithm>
#include <cmath>

#include "engine/device/rng.h"

namespace orrery {
namespace {

constexpr std::int64_t kRow = 100;
constexpr std::uint64_t kLatentStream = 0;  // synthesis noise uses other streams

}  // namespace

std::vector<WeightedSeed> seeds_around(std::int64_t seed, double x, double y) {
  const double left = std::floor(x), below = std::floor(y);
  const double u = x - left, v = y - below;
  const std::uint64_t corner = static_cast<std::uint64_t>(seed) + static_cast<std::uint64_t>(static_cast<std::int64_t>(left)) +
                               static_cast<std::uint64_t>(static_cast<std::int64_t>(below) * kRow);
  std::vector<WeightedSeed> out;
  const auto add = [&](std::uint64_t at, double weight) {
    if (weight > 0.0) out.push_back({at, weight});
  };
  add(corner, (1.0 - u) * (1.0 - v));
  add(corner + 1, u * (1.0 - v));
  add(corner + kRow, (1.0 - u) * v);
  add(corner + kRow + 1, u * v);
  return out;
}

at::Tensor latent_of_seed(std::uint64_t seed, std::int64_t dim, const at::TensorOptions& options) {
  return normal_per_sample({seed}, kLatentStream, {dim}, options);
}

at::Tensor mix_weighted(const std::vector<at::Tensor>& items, const std::vector<WeightedSeed>& weights, bool keep_variance) {
  if (items.size() == 1) return items.front();
  double squares = 0.0;
  for (const auto& item : weights) squares += item.weight * item.weight;
  const double scale = keep_variance ? 1.0 / std::sqrt(squares) : 1.0;
  at::Tensor sum = items.front() * (weights.front().weight * scale);
  for (std::size_t i = 1; i < items.size(); ++i) sum.add_(items[i], weights[i].weight * scale);
  return sum;
}

at::Tensor slerp(const at::Tensor& a, const at::Tensor& b, double t) {
  if (t <= 0.0) return a;
  if (t >= 1.0) return b;
  const double cosine = ((a * b).sum() / (a.norm() * b.norm())).item<double>();
  const double angle = std::acos(std::clamp(cosine, -1.0, 1.0));
  const double sine = std::sin(angle);
  if (!(sine > 1e-6)) return lerp(a, b, t);
  return a * (std::sin((1.0 - t) * angle) / sine) + b * (std::sin(t * angle) / sine);
}

at::Tensor lerp(const at::Tensor& a, const at::Tensor& b, double t) {
  if (t <= 0.0) return a;
  if (t >= 1.0) return b;
  return a + (b - a) * t;
}

}  // namespace orrery
