// Points between seeds: the arithmetic of walking in latent space.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace orrery {

struct WeightedSeed {
  std::uint64_t seed = 0;
  double weight = 1.0;
};

// The seeds around a point of the pad and their bilinear weights (zero weights left out, so an integer point is exactly one seed).
// Point (i, j) of the pad is seed + i + 100 j: one step up is a hundred seeds further. Seeds wrap at 2^64.
std::vector<WeightedSeed> seeds_around(std::int64_t seed, double x, double y);

// Standard normal latent of a seed, [1, dim]: a pure function of (seed, dim).
at::Tensor latent_of_seed(std::uint64_t seed, std::int64_t dim, const at::TensorOptions& options);

// sum_k weight_k x_k over tensors of one shape. `keep_variance` divides by sqrt(sum weight_k^2), which keeps a mix of independent
// standard normals standard normal (so the walk stays on the shell where the network was trained).
at::Tensor mix_weighted(const std::vector<at::Tensor>& items, const std::vector<WeightedSeed>& weights, bool keep_variance);

// Spherical interpolation (Shoemake 1985) of a, b [1, D]; the straight line where they are nearly parallel. Exact at t = 0 and t = 1.
at::Tensor slerp(const at::Tensor& a, const at::Tensor& b, double t);
// a + t (b - a), exact at t = 0 and t = 1.
at::Tensor lerp(const at::Tensor& a, const at::Tensor& b, double t);

}  // namespace orrery
