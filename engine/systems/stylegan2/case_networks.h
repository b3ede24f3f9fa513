// Networks from the constructor arguments recorded in a case's meta.json.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "engine/nn/stylegan2_discriminator.h"
#include "engine/nn/stylegan2_generator.h"

namespace orrery::stylegan2 {

// Arguments with the names and defaults of the published constructors. Throws Error(bad_input) for one that is not known here.
std::shared_ptr<nn::StyleGan2Generator> generator_from_args(const nlohmann::json& args);
std::shared_ptr<nn::StyleGan2Discriminator> discriminator_from_args(const nlohmann::json& args);

// The tensors whose names begin with `prefix`, without it.
std::map<std::string, at::Tensor> with_prefix(const std::map<std::string, at::Tensor>& tensors, const std::string& prefix);
// Loads all of `weights` and moves the module to their device.
void load(torch::nn::Module& module, const std::map<std::string, at::Tensor>& weights);
// A module to compute the float64 twins: the same weights, upcast.
void to_double(torch::nn::Module& module);

}  // namespace orrery::stylegan2
