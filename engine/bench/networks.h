// Networks that several benchmarks run, with random weights.
#pragma once

#include <memory>

#include "engine/nn/diffusion_unet.h"

namespace orrery::bench {

// DDPM++ at CIFAR-10 size (Karras et al. 2022, table 7: 55.7 million weights).
inline constexpr std::int64_t kDdpmppSide_px = 32, kDdpmppWidth = 128, kDdpmppLevels = 3, kDdpmppBlocks = 4;
std::shared_ptr<nn::SongUNet> ddpmpp_32px();

}  // namespace orrery::bench
