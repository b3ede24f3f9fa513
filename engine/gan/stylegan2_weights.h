// Foreign weights of StyleGAN2 generators, by the names of the published PyTorch code. Every system that trains these networks opens them
// (augmentation leaves no trace in a generator): the first of the catalogue does where none is named.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "engine/gan/stylegan2_recipe.h"

namespace orrery::gan {

// What the shapes say (resolution, widths, classes, architecture, mapping network) and what only the constructor arguments do (clamp,
// learning-rate multiplier). nullopt: not such a generator. Throws Error(bad_input) for activations or channel counts that are not supported.
std::optional<StyleGan2Config> stylegan2_from_weights(const std::map<std::string, at::Tensor>& weights, const nlohmann::json& hints);

}  // namespace orrery::gan
