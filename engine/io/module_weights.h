// A module's weights by name: parameters and buffers, as the reference's state dict names them.
#pragma once

#include <torch/nn/module.h>

#include <map>
#include <string>

namespace orrery::io {

// Parameters and buffers, dotted names. Shares memory with the module.
std::map<std::string, at::Tensor> named_weights(const torch::nn::Module& module);
// Copies every tensor into the parameter or buffer of its name. Throws Error(bad_input) listing names that are missing in the file, left
// over in it, or of another shape (at most ten each).
void load_weights(torch::nn::Module& module, const std::map<std::string, at::Tensor>& weights);

}  // namespace orrery::io
