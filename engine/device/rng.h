// Counter-based random numbers (Philox 4x32-10): a value is a pure function of (seed, stream, position), on every device and in any
// batch size. There is no state to save: a run that knows its seed and step knows its randomness.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace orrery {

// A stream of random tensors. `fork` derives an independent stream without touching this one; drawing advances the position.
class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  Rng fork(std::uint64_t number) const;
  Rng fork(std::string_view name) const;  // by FNV-1a of the name: Rng(seed).fork("noise").fork(step)

  // Standard normal / uniform [0, 1) of the given shape, float32 or float64, on options.device().
  at::Tensor normal(at::IntArrayRef shape, const at::TensorOptions& options);
  at::Tensor uniform(at::IntArrayRef shape, const at::TensorOptions& options);
  // A whole number in [0, bound).
  std::int64_t below(std::int64_t bound);
  double uniform01();

  std::uint64_t seed() const { return seed_; }
  std::uint64_t stream() const { return stream_; }

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t position_ = 0;
};

// Per-sample noise: row i depends on seeds[i] and `stream` only, so sample 7 of a batch of 16 equals sample 7 alone.
// Returns [N, shape...] standard normal.
at::Tensor normal_per_sample(const std::vector<std::uint64_t>& seeds, std::uint64_t stream, at::IntArrayRef shape, const at::TensorOptions& options);

}  // namespace orrery
