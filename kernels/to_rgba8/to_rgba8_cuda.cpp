#include <ATen/ops/empty.h>

#include "kernels/cuda/glue.h"
#include "kernels/to_rgba8/to_rgba8_launch.h"
#include "kernels/to_rgba8/to_rgba8_op.h"

namespace orrery::kernels {
namespace {

at::Tensor to_rgba8_cuda(const at::Tensor& x) {
  const OnDeviceOf device(x);
  at::Tensor out = at::empty({x.size(1), x.size(2), 4}, x.options().dtype(at::kByte).memory_format(at::MemoryFormat::Contiguous));
  if (out.numel() == 0) return out;
  Rgba8Cuda w;
  w.x = x.const_data_ptr<float>();
  w.y = reinterpret_cast<std::uint32_t*>(out.mutable_data_ptr<std::uint8_t>());
  w.channels = static_cast<int>(x.size(0));
  w.height = x.size(1), w.width = x.size(2);
  w.stride_c = w.channels >= 3 ? x.stride(0) : 0;
  w.stride_h = x.stride(1), w.stride_w = x.stride(2);
  to_rgba8_launch(w, device.stream());
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return out;
}

}  // namespace

void register_to_rgba8() { to_rgba8_op.cuda = to_rgba8_cuda; }

}  // namespace orrery::kernels
