// The augmentation pipe of StyleGAN2-ADA (Karras et al. 2020, appendix B): 18 operations in a fixed order, each acting with its own
// probability, differentiable twice in the pictures (R1 goes through it).
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "engine/gan/augment_draw.h"

namespace orrery::gan {

// Where geometry put the pictures: for the reference cases.
struct AugmentTrace {
  at::Tensor theta;                    // [N, 2, 3] float64, as affine_grid takes it
  std::vector<std::int64_t> padding;   // reflected margin x0, x1, y0, y1
};

// The pipe's two filters (sym6 around the resampling, the bands of sym2) as they are stored: rounded to float32, as a network's buffers
// are, or float64. It matters where float64 pictures are compared to the last digit.
enum class AugmentFilters { float32, float64 };

// images: [N, C, H, W] float32 or float64, nominally in [-1, 1], C = 1 or 3. draws: one per picture. noise_image: [N, C, H, W] standard
// normal, needed where config.noise > 0. The reflected margin depends on the whole batch.
// Throws Error(wrong_use) for a picture that is too small for the band filter (22 px).
at::Tensor augment(const at::Tensor& images, const AugmentConfig& config, double p, const std::vector<AugmentDraw>& draws,
                   const at::Tensor& noise_image, AugmentTrace* trace = nullptr, AugmentFilters filters = AugmentFilters::float32);

// The same with draws from a stream: picture i of the batch uses rng.fork(i).
at::Tensor augment(const at::Tensor& images, const AugmentConfig& config, double p, const Rng& rng);

}  // namespace orrery::gan
