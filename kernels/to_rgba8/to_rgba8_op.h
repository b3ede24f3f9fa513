// The device function behind to_rgba8. Inner header.
#pragma once

#include <ATen/core/Tensor.h>

#include "kernels/dispatch.h"

namespace orrery::kernels {

using ToRgba8 = at::Tensor(const at::Tensor& x);
extern Op<ToRgba8> to_rgba8_op;

}  // namespace orrery::kernels
