// How the player of a denoiser starts: what its controls' neutral values are.
#pragma once

#include <cstdint>
#include <string>

namespace orrery {

struct DenoiserDefaults {
  std::string sampler = "heun";
  std::int64_t steps = 18;
  std::string spacing = "edm";       // one of sampler.spacing's choices
  std::string variance = "large";    // of ddpm
  bool clip = false;                 // predictions of x0 to [-1, 1] (pictures only)
};

}  // namespace orrery
