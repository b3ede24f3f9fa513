#include <algorithm>

#include "kernels/cuda/glue.h"
#include "kernels/philox_normal/philox_normal_launch.h"
#include "kernels/philox_normal/philox_normal_op.h"

namespace orrery::kernels {
namespace {

template <class T>
void fill(PhiloxWhat what, const at::Tensor& seeds, std::uint64_t stream, std::uint64_t first_block, const at::Tensor& out, cudaStream_t on) {
  const std::int64_t* keys = seeds.const_data_ptr<std::int64_t>();
  T* to = out.mutable_data_ptr<T>();
  PhiloxCuda w;
  w.stream = stream, w.first_block = first_block, w.per_row = out.size(1);
  for (std::int64_t row = 0; row < out.size(0); row += kPhiloxSeeds) {
    w.rows = static_cast<int>(std::min<std::int64_t>(kPhiloxSeeds, out.size(0) - row));
    for (int k = 0; k < w.rows; ++k) w.seeds[k] = static_cast<std::uint64_t>(keys[row + k]);
    philox_launch(what, w, to + row * w.per_row, on);
    C10_CUDA_KERNEL_LAUNCH_CHECK();
  }
}

void philox_cuda(PhiloxWhat what, const at::Tensor& seeds, std::uint64_t stream, std::uint64_t first_block, const at::Tensor& out) {
  const OnDeviceOf device(out);
  switch (out.scalar_type()) {
    case at::kInt: return fill<std::int32_t>(what, seeds, stream, first_block, out, device.stream());
    case at::kFloat: return fill<float>(what, seeds, stream, first_block, out, device.stream());
    default: return fill<double>(what, seeds, stream, first_block, out, device.stream());
  }
}

}  // namespace

void register_philox() { philox_op.cuda = philox_cuda; }

}  // namespace orrery::kernels
