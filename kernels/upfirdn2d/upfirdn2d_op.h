// The device function behind upfirdn2d. Inner header.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "kernels/dispatch.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

namespace orrery::kernels {

// filter: [f] (separable), [fh, fw], or undefined; float32 or x's type.
using UpFirDnFunction = at::Tensor(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& options);
extern Op<UpFirDnFunction> upfirdn2d_op;

// One axis of the size formula. Throws when nothing is left.
std::int64_t upfirdn_size(std::int64_t in, std::int64_t taps, std::int64_t up, std::int64_t down, std::int64_t before, std::int64_t after);
struct FilterSize { std::int64_t width, height; };
FilterSize filter_size(const at::Tensor& filter);

}  // namespace orrery::kernels
