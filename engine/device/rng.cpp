#include "engine/device/rng.h"

#include <ATen/ops/empty.h>
#include <c10/util/accumulate.h>

#include <stdexcept>

#include "kernels/philox_normal/philox_normal.h"

namespace orrery {
namespace {

// Steele, Lea and Flood 2014: the finaliser of SplitMix64, a bijection that spreads every bit.
std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ull;
  for (const unsigned char c : text) hash = (hash ^ c) * 0x100000001B3ull;
  return hash;
}

at::Tensor seed_tensor(const std::vector<std::uint64_t>& seeds) {
  at::Tensor out = at::empty({static_cast<std::int64_t>(seeds.size())}, at::kLong);
  for (std::size_t k = 0; k < seeds.size(); ++k) out.mutable_data_ptr<std::int64_t>()[k] = static_cast<std::int64_t>(seeds[k]);
  return out;
}

// Types that the generator does not make itself are rounded from float32.
at::TensorOptions drawn(const at::TensorOptions& options) {
  const auto type = c10::typeMetaToScalarType(options.dtype());
  return at::TensorOptions().device(options.device()).dtype(type == at::kDouble ? at::kDouble : at::kFloat);
}

std::uint64_t blocks_of(std::int64_t count, const at::TensorOptions& options) {
  const std::int64_t per_block = c10::typeMetaToScalarType(options.dtype()) == at::kDouble ? 2 : 4;
  return static_cast<std::uint64_t>((count + per_block - 1) / per_block);
}

}  // namespace

Rng Rng::fork(std::uint64_t number) const { return Rng(seed_, mix(mix(stream_ + 0x9E3779B97F4A7C15ull) ^ (number + 0xD1B54A32D192ED03ull))); }
Rng Rng::fork(std::string_view name) const { return fork(fnv1a(name)); }

at::Tensor Rng::normal(at::IntArrayRef shape, const at::TensorOptions& options) {
  const std::int64_t count = c10::multiply_integers(shape);
  const auto made = drawn(options);
  at::Tensor out = kernels::philox_normal(seed_tensor({seed_}), stream_, count, made, position_);
  position_ += blocks_of(count, made);
  return out.view(shape).to(options.dtype());
}

at::Tensor Rng::uniform(at::IntArrayRef shape, const at::TensorOptions& options) {
  const std::int64_t count = c10::multiply_integers(shape);
  const auto made = drawn(options);
  at::Tensor out = kernels::philox_uniform(seed_tensor({seed_}), stream_, count, made, position_);
  position_ += blocks_of(count, made);
  return out.view(shape).to(options.dtype());
}

std::int64_t Rng::below(std::int64_t bound) {
  if (bound < 1) throw std::invalid_argument("Rng::below needs a bound of at least 1.");
  // Numbers under `skip` would make some remainders likelier than others.
  const auto span = static_cast<std::uint64_t>(bound);
  const std::uint64_t skip = (0 - span) % span;
  for (;;) {
    std::uint32_t words[4];
    kernels::philox4x32_10(seed_, position_++, stream_, words);
    const std::uint64_t number = words[0] | static_cast<std::uint64_t>(words[1]) << 32;
    if (number >= skip) return static_cast<std::int64_t>(number % span);
  }
}

double Rng::uniform01() {
  std::uint32_t words[4];
  kernels::philox4x32_10(seed_, position_++, stream_, words);
  return static_cast<double>((words[0] | static_cast<std::uint64_t>(words[1]) << 32) >> 11) * 0x1.0p-53;
}

at::Tensor normal_per_sample(const std::vector<std::uint64_t>& seeds, std::uint64_t stream, at::IntArrayRef shape, const at::TensorOptions& options) {
  const auto made = drawn(options);
  const at::Tensor rows = kernels::philox_normal(seed_tensor(seeds), stream, c10::multiply_integers(shape), made);
  std::vector<std::int64_t> whole{static_cast<std::int64_t>(seeds.size())};
  whole.insert(whole.end(), shape.begin(), shape.end());
  return rows.view(whole).to(options.dtype());
}

}  // namespace orrery
