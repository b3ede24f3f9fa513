// What a DDPM U-Net's weights say about how it was built.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <optional>
#include <string>

#include "engine/nn/ddpm_unet.h"

namespace orrery::nn {

// From names and shapes; nullopt when these are not weights of such a network. What they cannot tell stays at the defaults: the picture size
// (here `resolution_px`, which places the attention), dropout and the number of normalisation groups.
std::optional<DdpmUnetOptions> ddpm_unet_options(const std::map<std::string, at::Tensor>& weights, std::int64_t resolution_px);

}  // namespace orrery::nn
