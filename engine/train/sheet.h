// Contact sheets: several pictures in one PNG.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>

#include "engine/explore/player.h"
#include "engine/systems/model.h"

namespace orrery {

// pictures uint8 [N, C, H, W], C 1, 3 or 4, in rows of `columns`; cells that stay empty are black. Throws Error(disk_full, failed).
void write_sheet(const at::Tensor& pictures, int columns, const std::string& path, const std::map<std::string, std::string>& text = {});

// The pictures a run is followed by: `count` requests whose latents never change (seeds 0, 1, ... or integer points of the latent pad; with
// classes, picture i shows class i mod classes), everything else neutral. uint8 [count, C, H, W].
at::Tensor probe_pictures(Player& player, int count);

}  // namespace orrery
