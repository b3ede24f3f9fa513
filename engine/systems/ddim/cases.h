// The reference cases of DDIM, one function per kind of case; the kind is told from what the case holds.
#pragma once

#include "engine/parity/case.h"

namespace orrery::ddim {

void run_forward_loss_case(parity::Case& reference);
void run_sampler_case(parity::Case& reference);
void run_tables_case(parity::Case& reference);
// The same sampler as four programs run it: timesteps, ends and clipping differ.
void run_diffusers_case(parity::Case& reference);
void run_guided_diffusion_case(parity::Case& reference);
void run_latent_diffusion_case(parity::Case& reference);
// Throws Error(bad_input) when the case is of no kind above.
void run_case(parity::Case& reference);

// The closed-form stand-in for a network that the cases of conventions use: the noise in x at timestep t.
at::Tensor stub_noise(const at::Tensor& x, double t);

}  // namespace orrery::ddim
