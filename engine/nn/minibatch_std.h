// Minibatch standard deviation. Source: Karras et al. 2018 (Progressive GAN), section 3; grouped as in Karras et al. 2020 (StyleGAN2).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace orrery::nn {

// x [N, C, H, W] -> [N, C + channels, H, W]. Sample index = member * groups + group: members of a group are N / members apart.
// Per group and each of the `channels` equal slices of C: sqrt(biased variance + 1e-8), averaged over slice and pixels.
// `group_size` 0 means the whole batch; where it does not divide N, the largest smaller size that does is taken.
at::Tensor minibatch_std(const at::Tensor& x, std::int64_t group_size, std::int64_t channels = 1);

}  // namespace orrery::nn
