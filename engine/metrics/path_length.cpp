#include "engine/metrics/path_length.h"

#include <ATen/ops/where.h>

#include <cmath>

#include "engine/api/result.h"

namespace orrery::metrics {
namespace {
at::Tensor length_of(const at::Tensor& rows) { return rows.norm(2, {-1}, true); }
}  // namespace

PathLength trimmed_path_length(const at::Tensor& distances) {
  if (distances.dim() != 1 || distances.size(0) < 1) throw Error(ErrorCode::bad_input, "The path length needs at least one distance.", "Nothing was changed.", "Use more samples.");
  const at::Tensor sorted = std::get<0>(distances.detach().to(at::kCPU, at::kDouble).sort());
  const auto last = static_cast<double>(sorted.size(0) - 1);
  PathLength result;
  result.low = sorted[static_cast<std::int64_t>(std::floor(0.01 * last))].item<double>();
  result.high = sorted[static_cast<std::int64_t>(std::ceil(0.99 * last))].item<double>();
  const at::Tensor kept = sorted.masked_select(sorted.ge(result.low).logical_and(sorted.le(result.high)));
  result.kept = kept.size(0);
  result.mean = kept.mean().item<double>();
  result.deviation = kept.std(/*unbiased=*/false).item<double>();
  return result;
}

at::Tensor lerp(const at::Tensor& a, const at::Tensor& b, const at::Tensor& t) { return a + (b - a) * t; }

at::Tensor slerp_on_sphere(const at::Tensor& a, const at::Tensor& b, const at::Tensor& t) {
  const at::Tensor from = a / length_of(a), to = b / length_of(b);
  const at::Tensor cosine = (from * to).sum(-1, true);
  const at::Tensor angle = t * cosine.clamp(-1, 1).acos();
  const at::Tensor across = to - cosine * from;
  const at::Tensor point = from * angle.cos() + across / length_of(across) * angle.sin();
  return point / length_of(point);
}

at::Tensor slerp(const at::Tensor& a, const at::Tensor& b, const at::Tensor& t) {
  const at::Tensor cosine = ((a / length_of(a)) * (b / length_of(b))).sum(-1, true);
  const at::Tensor angle = cosine.clamp(-1, 1).acos(), sine = angle.sin();
  const at::Tensor turned = ((1 - t) * angle).sin() / sine * a + (t * angle).sin() / sine * b;
  return at::where(sine.abs().lt(1e-7), metrics::lerp(a, b, t), turned);
}

}  // namespace orrery::metrics
