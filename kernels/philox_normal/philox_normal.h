// Philox 4x32-10 (Salmon et al., SC'11): counter-based random numbers, the same integers on CPU and CUDA.
// Row i uses key = seeds[i] and counter = (block, stream): element 4k+j of a row is word j of block k. float64 takes two words an element
// (low first), so 2k+j. Normals by Box-Muller on neighbouring elements, in arithmetic that gives the same bits on every processor.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>

namespace orrery::kernels {

// The raw words: out[j] of one block. The definition that both devices follow.
void philox4x32_10(std::uint64_t key, std::uint64_t counter_low, std::uint64_t counter_high, std::uint32_t out[4]);

// seeds: int64 [N] on the CPU (reinterpreted as uint64). Returns [N, per_row] on options.device().
// `first_block` shifts the counter, so a stream can be continued.
at::Tensor philox_bits(const at::Tensor& seeds, std::uint64_t stream, std::int64_t per_row, const at::Device& device, std::uint64_t first_block = 0);  // int32
at::Tensor philox_uniform(const at::Tensor& seeds, std::uint64_t stream, std::int64_t per_row, const at::TensorOptions& options, std::uint64_t first_block = 0);
at::Tensor philox_normal(const at::Tensor& seeds, std::uint64_t stream, std::int64_t per_row, const at::TensorOptions& options, std::uint64_t first_block = 0);

}  // namespace orrery::kernels
