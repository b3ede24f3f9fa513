// The density that noise makes of a finite sample of points in the plane.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "engine/api/space.h"

namespace orrery {

constexpr double kSmallestBlur = 0.015;

// p(x) = sum_i w_i N(x; x_i, (sigma^2 + kSmallestBlur^2) I) at the middles of columns x rows cells of `area`, rows from the bottom: for weights of
// sum 1 the density of the sample's noisy version (Karras et al. 2022, appendix B.3, the sample blurred a little first). points [N, 2],
// weights [N] (any sum > 0), float. The Gaussian is a product, so the sum is one matrix product.
std::vector<float> plane_density(const at::Tensor& points, const at::Tensor& weights, double sigma, const SpaceArea& area, int columns, int rows);

}  // namespace orrery
