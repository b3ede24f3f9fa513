// The augmentation pipe of StyleGAN2-ADA (Karras et al. 2020, appendix B): 18 operations in a fixed order, each acting with its own
// probability, differentiable twice in the pictures (R1 goes through it).
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "engine/gan/augment_draw.h"
#include "engine/gan/augment_matrix.h"

namespace orrery::gan {

// Where geometry put the pictures: for the reference cases.
struct AugmentTrace {
  at::Tensor theta;                    // [N, 2, 3] float64, as affine_grid takes it
  std::vector<std::int64_t> padding;   // reflected margin x0, x1, y0, y1
};

// The pipe's two filters (sym6 around the resampling, the bands of sym2) as they are stored: rounded to float32, as a network's buffers
// are, or float64. It matters where float64 pictures are compared to the last digit.
// float32_taps: the wavelet's taps are rounded before they are normalised (Karras et al. 2022, EDM, whose pipe does not normalise them).
enum class AugmentFilters { float32, float64, float32_taps };

// images: [N, C, H, W] float32 or float64, nominally in [-1, 1], C = 1 or 3. draws: one per picture. noise_image: [N, C, H, W] standard
// normal, needed where config.noise > 0. The reflected margin depends on the whole batch.
// Throws Error(wrong_use) for a picture that is too small for the band filter (22 px).
at::Tensor augment(const at::Tensor& images, const AugmentConfig& config, double p, const std::vector<AugmentDraw>& draws,
                   const at::Tensor& noise_image, AugmentTrace* trace = nullptr, AugmentFilters filters = AugmentFilters::float32);

// The same with draws from a stream: picture i of the batch uses rng.fork(i).
at::Tensor augment(const at::Tensor& images, const AugmentConfig& config, double p, const Rng& rng);

// The two halves of the pipe that other augmentations share.
// Resamples each picture through its matrix (output to input pixels, measured from the centre) at twice the resolution between low-pass
// filters (sym6), with reflected borders.
at::Tensor warp(const at::Tensor& images, const std::vector<Matrix<3>>& inverses, AugmentFilters filters = AugmentFilters::float32, AugmentTrace* trace = nullptr);
// Applies each picture's homogeneous colour transform; grey pictures take the mean over the rows, of equal channels.
at::Tensor recolour(const at::Tensor& images, const std::vector<Matrix<4>>& matrices);

}  // namespace orrery::gan
