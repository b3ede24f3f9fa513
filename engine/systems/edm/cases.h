// The reference cases of this system, one function per kind of case; the kind is told from what the case holds.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/diffusion/preconditioning.h"
#include "engine/parity/case.h"

namespace orrery::edm {

void run_forward_case(parity::Case& reference);
void run_loss_case(parity::Case& reference);
void run_sampler_case(parity::Case& reference);   // args.runs
void run_ablation_case(parity::Case& reference);  // runs named solver.discretisation.schedule.scaling
void run_step_case(parity::Case& reference);
void run_tables_case(parity::Case& reference);
void run_block_case(parity::Case& reference);
void run_augment_case(parity::Case& reference);

// Throws Error(bad_input) when the case is of no kind above.
void run_case(parity::Case& reference);

// The raw network of args for a preconditioner (which decides the number of outputs and, where args are silent, the kind of network).
std::shared_ptr<nn::RawNetwork> network_from_args(const nlohmann::json& args, diffusion::Precondition kind);
// With the case's weights; `network` may be shared by several.
std::shared_ptr<diffusion::PreconditionedDenoiser> denoiser_from_args(const nlohmann::json& args, diffusion::Precondition kind, std::shared_ptr<nn::RawNetwork> network);
std::shared_ptr<diffusion::PreconditionedDenoiser> loaded_denoiser(const parity::Case& reference, diffusion::Precondition kind, at::ScalarType type);
// The preconditioner named in a text ("VPPrecond"), edm if there is none.
diffusion::Precondition precondition_in(const std::string& text);
// An input in a type, undefined when the case does not have it.
at::Tensor input(const parity::Case& reference, const std::string& name, at::ScalarType type);

}  // namespace orrery::edm
