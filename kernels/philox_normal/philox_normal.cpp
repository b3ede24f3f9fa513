#include "kernels/philox_normal/philox_normal.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "kernels/philox_normal/philox_core.h"
#include "kernels/philox_normal/philox_normal_loops.h"
#include "kernels/philox_normal/philox_normal_op.h"

namespace orrery::kernels {
namespace {

template <class T>
void fill_rows(PhiloxFill<T> fill, std::int64_t per_block, const at::Tensor& seeds, std::uint64_t stream, std::uint64_t first_block, const at::Tensor& out) {
  constexpr std::int64_t kPart = 4096;  // elements; whole blocks
  const std::int64_t rows = out.size(0), per_row = out.size(1), parts = (per_row + kPart - 1) / kPart;
  const std::int64_t* keys = seeds.const_data_ptr<std::int64_t>();
  T* to = out.mutable_data_ptr<T>();
  at::parallel_for(0, rows * parts, std::max<std::int64_t>(1, kPart / std::max<std::int64_t>(per_row, 1)), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t k = begin; k < end; ++k) {
      const std::int64_t row = k / parts, from = k % parts * kPart;
      fill(static_cast<std::uint64_t>(keys[row]), stream, first_block + static_cast<std::uint64_t>(from / per_block), to + row * per_row + from,
           std::min(kPart, per_row - from));
    }
  });
}

void philox_cpu(PhiloxWhat what, const at::Tensor& seeds, std::uint64_t stream, std::uint64_t first_block, const at::Tensor& out) {
  const PhiloxLoops& loops = philox_loops();
  if (what == PhiloxWhat::bits) return fill_rows(loops.bits, 4, seeds, stream, first_block, out);
  const bool normal = what == PhiloxWhat::normal;
  if (out.scalar_type() == at::kFloat) return fill_rows(normal ? loops.normal_f32 : loops.uniform_f32, 4, seeds, stream, first_block, out);
  fill_rows(normal ? loops.normal_f64 : loops.uniform_f64, 2, seeds, stream, first_block, out);
}

at::Tensor made(PhiloxWhat what, const at::Tensor& seeds, std::uint64_t stream, std::int64_t per_row, const at::TensorOptions& options, std::uint64_t first_block) {
  TORCH_CHECK(seeds.dim() == 1 && seeds.scalar_type() == at::kLong && seeds.device().is_cpu(), "philox: seeds must be int64 [N] on the CPU.");
  TORCH_CHECK(per_row >= 0, "philox: per_row must not be negative.");
  const auto type = c10::typeMetaToScalarType(options.dtype());
  TORCH_CHECK(what == PhiloxWhat::bits || type == at::kFloat || type == at::kDouble, "philox: the type must be float32 or float64.");
  const at::Tensor keys = seeds.contiguous();
  at::Device device = options.device();
  const bool own = device.is_cpu() || (device.is_cuda() && philox_op.cuda.load());
  if (!own) note_cpu_fallback(philox_op.name);
  at::Tensor out = at::empty({keys.numel(), per_row}, at::TensorOptions().dtype(type).device(own ? device : at::Device(at::kCPU)));
  if (out.numel() > 0) (out.is_cuda() ? philox_op.cuda.load() : philox_op.cpu)(what, keys, stream, first_block, out);
  return own ? out : out.to(device);
}

}  // namespace

Op<PhiloxFillRows> philox_op{"philox_normal", philox_cpu};

void philox4x32_10(std::uint64_t key, std::uint64_t counter_low, std::uint64_t counter_high, std::uint32_t out[4]) {
  philox::block_of(key, counter_low, counter_high, out);
}

at::Tensor philox_bits(const at::Tensor& seeds, std::uint64_t stream, std::int64_t per_row, const at::Device& device, std::uint64_t first_block) {
  return made(PhiloxWhat::bits, seeds, stream, per_row, at::TensorOptions().dtype(at::kInt).device(device), first_block);
}
at::Tensor philox_uniform(const at::Tensor& seeds, std::uint64_t stream, std::int64_t per_row, const at::TensorOptions& options, std::uint64_t first_block) {
  return made(PhiloxWhat::uniform, seeds, stream, per_row, options, first_block);
}
at::Tensor philox_normal(const at::Tensor& seeds, std::uint64_t stream, std::int64_t per_row, const at::TensorOptions& options, std::uint64_t first_block) {
  return made(PhiloxWhat::normal, seeds, stream, per_row, options, first_block);
}

}  // namespace orrery::kernels
