// The reference cases of this system, one function per kind of case; the kind is told from meta.args.
#pragma once

#include "engine/parity/case.h"

namespace orrery::stylegan2 {

void run_generator_case(parity::Case& reference);      // args: z_dim, synthesis_kwargs, ...
void run_discriminator_case(parity::Case& reference);  // args: architecture, epilogue_kwargs, ...
void run_operator_case(parity::Case& reference);       // args: cases {name: keyword arguments}
void run_loss_case(parity::Case& reference);           // args: G, D, loss
void run_step_case(parity::Case& reference);           // args: G, D, batch_size, ...
void run_projection_case(parity::Case& reference);     // args: G, num_steps
void run_tables_case(parity::Case& reference);         // args: state_dicts, configs

// Throws Error(bad_input) when the arguments are of no kind above.
void run_case(parity::Case& reference);

}  // namespace orrery::stylegan2
