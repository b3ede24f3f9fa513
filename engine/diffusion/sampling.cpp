#include "engine/diffusion/sampling.h"

#include "engine/device/rng.h"

namespace orrery::diffusion {

NoiseSource seeded_noise(std::vector<std::uint64_t> seeds) {
  return [seeds = std::move(seeds)](std::int64_t draw, const at::Tensor& like) {
    // Stream 0 is the initial noise of the trajectory.
    return normal_per_sample(seeds, static_cast<std::uint64_t>(draw) + 1, like.sizes().slice(1), like.options());
  };
}

}  // namespace orrery::diffusion
