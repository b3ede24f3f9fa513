#include "kernels/to_rgba8/to_rgba8.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "kernels/to_rgba8/to_rgba8_loops.h"
#include "kernels/to_rgba8/to_rgba8_op.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "RGBA8 is written as little-endian words");

namespace orrery::kernels {
namespace {

at::Tensor to_rgba8_cpu(const at::Tensor& x) {
  const std::int64_t channels = x.size(0), height = x.size(1), width = x.size(2);
  at::Tensor out = at::empty({height, width, 4}, x.options().dtype(at::kByte).memory_format(at::MemoryFormat::Contiguous));
  if (out.numel() == 0) return out;
  const float* from = x.const_data_ptr<float>();
  auto* to = reinterpret_cast<std::uint32_t*>(out.mutable_data_ptr<std::uint8_t>());
  const std::int64_t plane = channels >= 3 ? x.stride(0) : 0, rows = x.stride(1), step = x.stride(2);
  at::parallel_for(0, height, std::max<std::int64_t>(1, 16384 / width), [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t y = begin; y < end; ++y) {
      const float* r = from + y * rows;
      rgba8_loops().row(r, r + plane, r + 2 * plane, channels == 4 ? r + 3 * plane : nullptr, step, width, to + y * width);
    }
  });
  return out;
}

}  // namespace

Op<ToRgba8> to_rgba8_op{"to_rgba8", to_rgba8_cpu};

at::Tensor to_rgba8(const at::Tensor& x) {
  TORCH_CHECK(x.dim() == 3 && x.scalar_type() == at::kFloat && (x.size(0) == 1 || x.size(0) == 3 || x.size(0) == 4),
              "to_rgba8: x must be [1, 3 or 4, H, W] of float32.");
  return call(to_rgba8_op, x.device(), x.detach());
}

}  // namespace orrery::kernels
