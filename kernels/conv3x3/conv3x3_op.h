// The CPU functions behind conv3x3. Inner header.
#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/conv3x3/conv3x3.h"

namespace orrery::kernels {

// What the output gets on its way to memory; undefined tensors are left out. `act`: whether there is an activation at all.
struct Conv3x3Extras {
  at::Tensor styles, scale, noise, bias;
  bool act = false;
  BiasAct options;
};

// w [out, in, 3, 3]; `transposed`: w [in, out, 3, 3], turned by 180 degrees, which makes the convolution the transpose of the one with w.
Conv3x3Weights conv3x3_pack(const at::Tensor& w, bool transposed);
at::Tensor conv3x3_run(const at::Tensor& x, const Conv3x3Weights& w, Conv3x3Form form, const Conv3x3Extras& extras);
// Gradient of the weights [dy's channels, x's channels, 3, 3] (each counted at the lower resolution) of y = conv3x3(x, w, form).
at::Tensor conv3x3_weight_gradient(const at::Tensor& x, const at::Tensor& dy, Conv3x3Form form);

}  // namespace orrery::kernels
