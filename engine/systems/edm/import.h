// Weights of other programs that are EDM's networks.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "engine/diffusion/edm_recipe.h"

namespace orrery::edm {

// The configuration that has exactly these weights, told from their names and shapes. The three preconditionings without a table of their own
// cannot be told apart: `hints` may name one (arguments "precond" or "preconditioning"), else it is edm. nullopt: not these networks.
// Throws Error(bad_input) for variants that no configuration describes.
std::optional<diffusion::EdmConfig> config_from_weights(const std::map<std::string, at::Tensor>& weights, const nlohmann::json& hints);

}  // namespace orrery::edm
