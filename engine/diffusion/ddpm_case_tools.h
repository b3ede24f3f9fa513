// What the reference cases of DDPM's family share: the published constructor arguments and how numbers are reported.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/diffusion/discrete_denoiser.h"
#include "engine/nn/ddpm_unet.h"
#include "engine/parity/case.h"

namespace orrery::diffusion {

// Options of the U-Net from the published arguments, whose image size may stand apart. Throws Error(bad_input) for an argument nobody knows.
nn::DdpmUnetOptions unet_options(const nlohmann::json& args, std::int64_t resolution_px = 0);
// With the weights of the case or of the case it names, in a type.
std::shared_ptr<nn::DdpmUnet> loaded_unet(const parity::Case& reference, const nn::DdpmUnetOptions& options, at::ScalarType type);
std::shared_ptr<DiscreteDenoiser> discrete_denoiser(std::shared_ptr<nn::DdpmUnet> network, std::vector<double> alpha_bars, const nn::DdpmUnetOptions& options);

at::Tensor table_of(const std::vector<double>& values);
std::vector<double> values_of(const at::Tensor& tensor);
std::vector<std::int64_t> whole_values_of(const at::Tensor& tensor);
// Signal powers at timesteps, noisiest first, and the level that sampling ends at.
std::vector<double> falling_ladder(const std::vector<double>& alpha_bars, const std::vector<std::int64_t>& ascending, double end = 1.0);

// Norms of gradients in the order of names. Undefined gradients count as zero.
at::Tensor gradient_norms(const std::map<std::string, at::Tensor>& gradients, const std::vector<std::string>& order, at::ScalarType type);
// d value / d parameter by name.
std::map<std::string, at::Tensor> gradients_of(const at::Tensor& value, torch::nn::Module& module);

}  // namespace orrery::diffusion
