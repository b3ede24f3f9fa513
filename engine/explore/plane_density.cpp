#include "engine/explore/plane_density.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/matmul.h>

#include <cmath>

namespace orrery {
namespace {

// [cells, N]: exp of minus the squared distance along one axis.
at::Tensor along(const at::Tensor& places, double from, double to, int cells, double variance) {
  const at::Tensor middles = (at::arange(cells, at::kFloat) + 0.5) * ((to - from) / cells) + from;
  return (middles.unsqueeze(1) - places.unsqueeze(0)).square_().mul_(-0.5 / variance).exp_();
}

}  // namespace

std::vector<float> plane_density(const at::Tensor& points, const at::Tensor& weights, double sigma, const SpaceArea& area, int columns, int rows) {
  const double variance = sigma * sigma + kSmallestBlur * kSmallestBlur;
  const at::Tensor share = weights.to(at::kFloat) / (weights.sum().item<double>() * 2.0 * M_PI * variance);
  const at::Tensor x = along(points.select(1, 0).to(at::kFloat), area.left, area.right, columns, variance);
  const at::Tensor y = along(points.select(1, 1).to(at::kFloat), area.bottom, area.top, rows, variance).mul_(share.unsqueeze(0));
  const at::Tensor p = at::matmul(y, x.t()).contiguous();
  return {p.const_data_ptr<float>(), p.const_data_ptr<float>() + p.numel()};
}

}  // namespace orrery
