// Which of T timesteps a sampler visits. Published programs disagree; each convention has its name here. All results are ascending.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace orrery::diffusion {

using Timesteps = std::vector<std::int64_t>;

// Song et al. 2021 (DDIM), appendix D.2, as its program does it: every floor(T / count)-th step from 0, so there may be a few more than
// `count`; or floor(linspace(0, sqrt(0.8 T), count)^2), which never reaches T - 1 and repeats steps when count is large.
Timesteps uniform_timesteps(std::int64_t total, std::int64_t count);
Timesteps quadratic_timesteps(std::int64_t total, std::int64_t count);
// Latent diffusion adds 1 to each of them.
Timesteps offset_timesteps(Timesteps timesteps, std::int64_t offset);

// Nichol & Dhariwal 2021, section 4 (respacing): "ddim25" (the whole stride that gives exactly 25 steps), "250", "10,15,20" (equal
// sections with so many steps each, rounded half to even), "fast27" (GLIDE). Throws Error(wrong_use) when it cannot be done.
Timesteps respaced_timesteps(std::int64_t total, const std::string& text);

// Lin et al. 2023, table 2, in the order of use reversed: whole strides from 0 (plus an offset), whole strides back from T - 1, or
// rounded even spacing of both ends.
enum class Spacing { leading, trailing, linspace };
Timesteps spaced_timesteps(std::int64_t total, std::int64_t count, Spacing spacing, std::int64_t offset = 0);

}  // namespace orrery::diffusion
