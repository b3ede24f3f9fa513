// Sliced Wasserstein distance between patches of Laplacian pyramids (Karras et al. 2018, section 5): coarse levels compare large structure,
// the finest one texture. Needs no network.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace orrery::metrics {

// As the paper, but for the counts: it draws 128 patches from each of 16,384 pictures and uses 512 directions.
struct SwdOptions {
  std::int64_t patch_px = 7;
  std::int64_t patches_per_picture = 32;
  std::int64_t directions = 256;
  std::int64_t smallest_px = 16;   // of the coarsest level
  std::uint64_t seed = 0;          // of positions and directions
};

// Patches of a set of pictures, gathered batch by batch.
class PatchSet {
 public:
  explicit PatchSet(SwdOptions options = {}) : options_(options) {}
  // pictures [N, C, H, W] uint8, all of one size. Picture number `first + i` always gives the same positions, in any batch.
  void add(const at::Tensor& pictures, std::int64_t first);
  const SwdOptions& options() const { return options_; }
  // Per level, finest first: [patches, C * patch_px^2], normalised per channel to mean 0 and deviation 1 over the set.
  std::vector<at::Tensor> levels() const;

 private:
  SwdOptions options_;
  std::vector<std::vector<at::Tensor>> parts_;
};

// Mean over levels, times 1000 as the paper prints it: per direction, the mean distance of the sorted projections. Both sets need as many
// patches of the same shape. Throws Error(bad_input).
double sliced_wasserstein_distance(const PatchSet& a, const PatchSet& b);
// The same between two sets of points [N, D], one level, not multiplied.
double sliced_wasserstein_of_points(const at::Tensor& a, const at::Tensor& b, std::int64_t directions, std::uint64_t seed);

// Gaussian pyramid differences, finest first; the last level is the small picture itself. pictures [N, C, H, W] float.
std::vector<at::Tensor> laplacian_pyramid(const at::Tensor& pictures, std::int64_t smallest_px);

}  // namespace orrery::metrics
