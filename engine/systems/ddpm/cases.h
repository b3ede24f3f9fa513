// The reference cases of DDPM, one function per kind of case; the kind is told from what the case holds.
#pragma once

#include <memory>

#include "engine/diffusion/discrete_denoiser.h"
#include "engine/nn/ddpm_unet.h"
#include "engine/parity/case.h"

namespace orrery::ddpm {

void run_forward_case(parity::Case& reference);
void run_loss_case(parity::Case& reference);
void run_sampler_case(parity::Case& reference);
void run_step_case(parity::Case& reference);
void run_tables_case(parity::Case& reference);
// Throws Error(bad_input) when the case is of no kind above.
void run_case(parity::Case& reference);

}  // namespace orrery::ddpm
