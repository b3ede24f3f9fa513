#include <ATen/Dispatch.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "kernels/cuda/glue.h"
#include "kernels/nearest_code/nearest_code_launch.h"
#include "kernels/nearest_code/nearest_code_op.h"

namespace orrery::kernels {
namespace {

constexpr std::int64_t kNearestCodeThreads = 1 << 17;  // enough to fill a GPU
constexpr std::int64_t kNearestCodeSlice = 8;     // of a slice

at::Tensor nearest_code_cuda(const at::Tensor& x, const at::Tensor& codebook) {
  const OnDeviceOf device(x);
  const std::int64_t rows = x.size(0), count = codebook.size(0);
  at::Tensor out = at::empty({rows}, x.options().dtype(at::kLong));
  if (rows == 0) return out;
  const std::int64_t slices = std::max<std::int64_t>(1, std::min((kNearestCodeThreads + rows - 1) / rows, count / kNearestCodeSlice));
  const at::Tensor turned = x.t().contiguous(), half_norms = codebook.square().sum(1).mul_(0.5);
  const at::Tensor scores = at::empty({slices, rows}, x.options()), found = at::empty({slices, rows}, out.options());
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "nearest_code", [&] {
    NearestCodeCuda<scalar_t> w;
    w.x = turned.const_data_ptr<scalar_t>();
    w.codes = codebook.const_data_ptr<scalar_t>();
    w.half_norms = half_norms.const_data_ptr<scalar_t>();
    w.scores = scores.mutable_data_ptr<scalar_t>();
    w.found = found.mutable_data_ptr<std::int64_t>();
    w.out = out.mutable_data_ptr<std::int64_t>();
    w.rows = rows, w.dim = x.size(1), w.count = count, w.slices = slices;
    nearest_code_launch(w, device.stream());
  });
  C10_CUDA_KERNEL_LAUNCH_CHECK();
  return out;
}

}  // namespace

void register_nearest_code() { nearest_code_op.cuda = nearest_code_cuda; }

}  // namespace orrery::kernels
