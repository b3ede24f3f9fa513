// nearest_code: for each row the row of a codebook at the least Euclidean distance (van den Oord et al. 2017, VQ-VAE, equation 1), without a
// matrix of distances: |e_k|^2 / 2 - x e_k is least where |x - e_k|^2 is.
#pragma once

#include <ATen/core/Tensor.h>

namespace orrery::kernels {

// x [M, D], codebook [K, D], K > 0, both float32 or both float64, on one device. Returns int64 [M] in [0, K): of equal distances the first;
// codes that are the same, number for number, are equal. Not differentiable. A row with NaN gives 0.
at::Tensor nearest_code(const at::Tensor& x, const at::Tensor& codebook);

}  // namespace orrery::kernels
