#include "kernels/nearest_code/nearest_code.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "kernels/nearest_code/nearest_code_loops.h"
#include "kernels/nearest_code/nearest_code_op.h"

namespace orrery::kernels {
namespace {

template <class T>
const NearestCodeLoops::Of<T>& loops() {
  if constexpr (std::is_same_v<T, double>) return nearest_code_loops().f64;
  else return nearest_code_loops().f32;
}

template <class T>
void run(const at::Tensor& x, const at::Tensor& codebook, std::int64_t* out) {
  const auto& l = loops<T>();
  const std::int64_t rows = x.size(0), dim = x.size(1), count = codebook.size(0), panels = (count + l.width - 1) / l.width;
  const at::Tensor packed = at::empty({panels * l.width * (dim + 1)}, codebook.options());
  T* const to = packed.mutable_data_ptr<T>();
  T* const norms = to + panels * l.width * dim;
  l.pack(codebook.const_data_ptr<T>(), count, dim, to, norms);
  const PackedCodes<T> codes{to, norms, panels, dim};
  const T* from = x.const_data_ptr<T>();
  const std::int64_t work = std::max<std::int64_t>(1, count * dim);  // of a row
  at::parallel_for(0, rows, std::max<std::int64_t>(4, (std::int64_t{1} << 18) / work), [&](std::int64_t begin, std::int64_t end) { l.nearest(codes, from + begin * dim, end - begin, out + begin); });
}

at::Tensor nearest_code_cpu(const at::Tensor& x, const at::Tensor& codebook) {
  at::Tensor out = at::empty({x.size(0)}, x.options().dtype(at::kLong));
  if (out.numel() == 0) return out;
  AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "nearest_code", [&] { run<scalar_t>(x, codebook, out.mutable_data_ptr<std::int64_t>()); });
  return out;
}

}  // namespace

Op<NearestCode> nearest_code_op{"nearest_code", nearest_code_cpu};

at::Tensor nearest_code(const at::Tensor& x, const at::Tensor& codebook) {
  TORCH_CHECK(x.dim() == 2 && codebook.dim() == 2 && x.size(1) == codebook.size(1) && codebook.size(0) > 0, "nearest_code: x must be [M, D] and the codebook [K, D], with K > 0.");
  TORCH_CHECK((x.scalar_type() == at::kFloat || x.scalar_type() == at::kDouble) && codebook.scalar_type() == x.scalar_type() && codebook.device() == x.device(),
              "nearest_code: x and the codebook must both be float32 or both float64, on one device.");
  TORCH_CHECK(codebook.size(0) < (std::int64_t{1} << 30), "nearest_code: the codebook is too large.");
  return call(nearest_code_op, x.device(), x.detach().contiguous(), codebook.detach().contiguous());
}

}  // namespace orrery::kernels
