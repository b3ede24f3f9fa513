#include "engine/metrics/sliced_wasserstein.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/reflection_pad2d.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "engine/api/result.h"
#include "engine/device/rng.h"

namespace orrery::metrics {
namespace {

// The 5-tap binomial filter (Burt & Adelson 1983), mirrored at the edges.
at::Tensor blurred(const at::Tensor& x, double gain) {
  const at::Tensor taps = at::tensor({1.0, 4.0, 6.0, 4.0, 1.0}, x.options()) / 16;
  const at::Tensor kernel = (taps.unsqueeze(1) * taps.unsqueeze(0) * gain).expand({x.size(1), 1, 5, 5}).contiguous();
  return at::conv2d(at::reflection_pad2d(x, {2, 2, 2, 2}), kernel, at::Tensor(), at::IntArrayRef{1, 1}, at::IntArrayRef{0, 0}, at::IntArrayRef{1, 1}, x.size(1));
}
at::Tensor halved(const at::Tensor& x) { return blurred(x, 1).slice(2, 0, x.size(2), 2).slice(3, 0, x.size(3), 2); }
at::Tensor doubled(const at::Tensor& x, at::IntArrayRef size) {
  at::Tensor spread = at::zeros(size, x.options());
  spread.slice(2, 0, size[2], 2).slice(3, 0, size[3], 2).copy_(x);
  return blurred(spread, 4);
}

// [N, C, H, W] -> [N * patches, C * p * p] at positions that depend on the picture's number and the level only.
at::Tensor patches_of(const at::Tensor& x, std::int64_t first, std::size_t level, const SwdOptions& options) {
  const std::int64_t n = x.size(0), channels = x.size(1), h = x.size(2), w = x.size(3), p = options.patch_px, count = options.patches_per_picture;
  const Rng positions = Rng(options.seed).fork("patches").fork(level);
  std::vector<at::Tensor> corners;
  for (std::int64_t i = 0; i < n; ++i) corners.push_back(positions.fork(static_cast<std::uint64_t>(first + i)).uniform({count, 2}, at::TensorOptions().dtype(at::kDouble)));
  const at::Tensor corner = at::stack(corners);  // [N, count, 2]
  const auto axis = [&](int which, std::int64_t size) { return (corner.select(2, which) * static_cast<double>(size - p + 1)).floor().to(at::kLong).clamp_max(size - p); };
  const at::Tensor offset = at::arange(p, at::kLong);
  const at::Tensor inside = (offset.unsqueeze(1) * w + offset.unsqueeze(0)).view({1, 1, p * p});
  const at::Tensor index = ((axis(0, h) * w + axis(1, w)).unsqueeze(2) + inside).view({n, 1, count * p * p}).expand({n, channels, count * p * p});
  const at::Tensor values = x.reshape({n, channels, h * w}).gather(2, index);
  return values.view({n, channels, count, p * p}).permute({0, 2, 1, 3}).reshape({n * count, channels * p * p});
}

}  // namespace

std::vector<at::Tensor> laplacian_pyramid(const at::Tensor& pictures, std::int64_t smallest_px) {
  std::vector<at::Tensor> levels;
  at::Tensor now = pictures;
  while (std::min(now.size(2), now.size(3)) / 2 >= smallest_px) {
    const at::Tensor next = halved(now);
    levels.push_back(now - doubled(next, now.sizes()));
    now = next;
  }
  levels.push_back(now);
  return levels;
}

void PatchSet::add(const at::Tensor& pictures, std::int64_t first) {
  const at::NoGradGuard no_grad;
  if (pictures.dim() != 4 || std::min(pictures.size(2), pictures.size(3)) < std::max<std::int64_t>(options_.patch_px, 3))
    throw Error(ErrorCode::bad_input, "The pictures are too small for the sliced Wasserstein distance.", "Nothing was changed.", "Leave out swd.");
  const auto levels = laplacian_pyramid(pictures.to(at::kCPU, at::kFloat), options_.smallest_px);
  if (parts_.empty()) parts_.resize(levels.size());
  if (parts_.size() != levels.size()) throw Error(ErrorCode::bad_input, "The pictures are of different sizes.", "Nothing was changed.", "Leave out swd.");
  for (std::size_t level = 0; level < levels.size(); ++level) parts_[level].push_back(patches_of(levels[level], first, level, options_));
}

std::vector<at::Tensor> PatchSet::levels() const {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> out;
  for (const auto& parts : parts_) {
    const at::Tensor all = at::cat(parts);
    const std::int64_t area = options_.patch_px * options_.patch_px;
    const at::Tensor by_channel = all.view({all.size(0), all.size(1) / area, area});
    const at::Tensor mean = by_channel.mean(at::IntArrayRef{0, 2}, true), deviation = (by_channel - mean).square().mean(at::IntArrayRef{0, 2}, true).sqrt().clamp_min(1e-8);
    out.push_back(((by_channel - mean) / deviation).view(all.sizes()));
  }
  return out;
}

double sliced_wasserstein_of_points(const at::Tensor& a, const at::Tensor& b, std::int64_t directions, std::uint64_t seed) {
  const at::NoGradGuard no_grad;
  if (a.sizes() != b.sizes() || a.dim() != 2 || a.size(0) == 0) throw Error(ErrorCode::bad_input, "The sliced Wasserstein distance needs two sets of as many points.", "Nothing was changed.");
  Rng rng = Rng(seed).fork("directions");
  at::Tensor lines = rng.normal({a.size(1), directions}, a.options());
  lines = lines / lines.norm(2, {0}, true);
  double sum = 0.0;
  constexpr std::int64_t at_once = 32;  // sorted copies of all projections at once would be large
  for (std::int64_t first = 0; first < directions; first += at_once) {
    const at::Tensor some = lines.slice(1, first, std::min(first + at_once, directions));
    const auto sorted = [&](const at::Tensor& points) { return std::get<0>(at::matmul(points, some).t().contiguous().sort(1)); };
    sum += (sorted(a) - sorted(b)).abs().mean(1).sum().item<double>();
  }
  return sum / static_cast<double>(directions);
}

double sliced_wasserstein_distance(const PatchSet& a, const PatchSet& b) {
  const auto left = a.levels(), right = b.levels();
  if (left.size() != right.size() || left.empty()) throw Error(ErrorCode::bad_input, "The two sets have pictures of different sizes.", "Nothing was changed.", "Leave out swd.");
  double sum = 0.0;
  for (std::size_t level = 0; level < left.size(); ++level) sum += sliced_wasserstein_of_points(left[level], right[level], a.options().directions, a.options().seed + level);
  return 1000.0 * sum / static_cast<double>(left.size());
}

}  // namespace orrery::metrics
