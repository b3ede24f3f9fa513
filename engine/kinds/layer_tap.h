// Looking into a network while it runs.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>

namespace orrery {

// Sees the output of each layer of a pass, by its state-dict name without the network's prefix ("b32.conv1", "enc.16x16_block0").
using LayerTap = std::function<void(const std::string& name, const at::Tensor& output)>;

}  // namespace orrery
