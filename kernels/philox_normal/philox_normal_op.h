// The device functions behind philox_bits, philox_uniform and philox_normal. Inner header.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "kernels/dispatch.h"
#include "kernels/philox_normal/philox_what.h"

namespace orrery::kernels {


// Fills out [N, per_row] (int32 for bits, else float32 or float64, contiguous). seeds: int64 [N], on the CPU, contiguous.
using PhiloxFillRows = void(PhiloxWhat what, const at::Tensor& seeds, std::uint64_t stream, std::uint64_t first_block, const at::Tensor& out);
extern Op<PhiloxFillRows> philox_op;

}  // namespace orrery::kernels
