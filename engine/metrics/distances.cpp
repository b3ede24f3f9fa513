#include "engine/metrics/distances.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_eigvalsh.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/cat.h>

#include <cmath>
#include <limits>

#include "engine/api/result.h"

namespace orrery::metrics {
namespace {

at::Tensor as_rows(const at::Tensor& features, std::int64_t at_least) {
  if (features.dim() != 2 || features.size(0) < at_least)
    throw Error(ErrorCode::bad_input, "This measure needs at least " + std::to_string(at_least) + " pictures on each side.", "Nothing was changed.", "Use more samples or a larger data set.");
  return features.detach().to(at::kCPU, at::kDouble);
}

// Rows of `a` at a time, so that the matrix of all pairs is never whole in memory.
constexpr std::int64_t block_rows = 512;
template <class Visit> void in_blocks(const at::Tensor& a, Visit visit) {
  for (std::int64_t first = 0; first < a.size(0); first += block_rows) visit(a.slice(0, first, std::min(first + block_rows, a.size(0))), first);
}

at::Tensor squared_distances(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor cross = at::matmul(a, b.t());
  return (a.square().sum(1, true) + b.square().sum(1).unsqueeze(0) - 2 * cross).clamp_min_(0);
}

template <class Kernel> double unbiased_mmd(const at::Tensor& x, const at::Tensor& y, Kernel kernel) {
  const auto sum = [&](const at::Tensor& a, const at::Tensor& b, bool without_diagonal) {
    double total = 0.0;
    in_blocks(a, [&](const at::Tensor& rows, std::int64_t first) {
      const at::Tensor values = kernel(rows, b);
      total += values.sum().template item<double>();
      if (without_diagonal) total -= values.diagonal(first).slice(0, 0, rows.size(0)).sum().template item<double>();
    });
    return total;
  };
  const auto n = static_cast<double>(x.size(0)), m = static_cast<double>(y.size(0));
  return sum(x, x, true) / (n * (n - 1)) + sum(y, y, true) / (m * (m - 1)) - 2 * sum(x, y, false) / (n * m);
}

at::Tensor cubic_kernel(const at::Tensor& a, const at::Tensor& b) { return (at::matmul(a, b.t()) / static_cast<double>(a.size(1)) + 1).pow(3); }

// Share of `points` inside at least one ball around `centres`.
double share_inside(const at::Tensor& points, const at::Tensor& centres, const at::Tensor& radius, bool half) {
  double inside = 0.0;
  in_blocks(points, [&](const at::Tensor& rows, std::int64_t) {
    at::Tensor distance = squared_distances(rows, centres).sqrt();
    if (half) distance = distance.to(at::kHalf).to(at::kDouble);
    inside += static_cast<double>(distance.le(radius.unsqueeze(0)).any(1).sum().item<std::int64_t>());
  });
  return inside / static_cast<double>(points.size(0));
}

at::Tensor radius_of(const at::Tensor& rows, std::int64_t k, bool half) {
  if (rows.size(0) <= k) throw Error(ErrorCode::bad_input, "Precision and recall need more than " + std::to_string(k) + " pictures on each side.", "Nothing was changed.", "Use more samples.");
  std::vector<at::Tensor> parts;
  in_blocks(rows, [&](const at::Tensor& some, std::int64_t first) {
    at::Tensor distance = squared_distances(some, rows).sqrt();
    distance.diagonal(first).slice(0, 0, some.size(0)).zero_();  // exactly, not but for rounding
    parts.push_back(std::get<0>(distance.kthvalue(k + 1, 1)));
  });
  const at::Tensor radius = at::cat(parts);
  return half ? radius.to(at::kHalf).to(at::kDouble) : radius;
}

PrecisionRecall precision_recall_of(const at::Tensor& generated, const at::Tensor& real, std::int64_t k, bool half) {
  at::Tensor g = as_rows(generated, 2), r = as_rows(real, 2);
  if (half) {
    g = g.to(at::kHalf).to(at::kDouble);
    r = r.to(at::kHalf).to(at::kDouble);
  }
  return {share_inside(g, r, radius_of(r, k, half), half), share_inside(r, g, radius_of(g, k, half), half)};
}

// sum p log p, with 0 log 0 = 0.
at::Tensor plogp(const at::Tensor& p) { return p * p.clamp_min(std::numeric_limits<double>::min()).log(); }

InceptionScore score_of(const at::Tensor& p, std::int64_t splits) {
  const std::int64_t n = p.size(0);
  if (splits < 1 || n < splits) throw Error(ErrorCode::bad_input, "The score needs at least one picture per part.", "Nothing was changed.", "Use more samples.");
  std::vector<double> scores;
  for (std::int64_t i = 0; i < splits; ++i) {
    const at::Tensor part = p.slice(0, i * n / splits, (i + 1) * n / splits);
    // mean over x of sum_y p(y|x) log p(y|x), minus sum_y p(y) log p(y)
    scores.push_back(std::exp((plogp(part).sum(1).mean() - plogp(part.mean(0)).sum()).item<double>()));
  }
  InceptionScore score;
  for (const double s : scores) score.mean += s / static_cast<double>(splits);
  for (const double s : scores) score.deviation += (s - score.mean) * (s - score.mean) / static_cast<double>(splits);
  score.deviation = std::sqrt(score.deviation);
  return score;
}

}  // namespace

FeatureStats feature_stats(const at::Tensor& features, bool unbiased) {
  const at::NoGradGuard no_grad;
  const at::Tensor rows = as_rows(features, 2);
  FeatureStats stats;
  stats.count = rows.size(0);
  stats.mean = rows.mean(0);
  const at::Tensor centred = rows - stats.mean;
  const auto divisor = static_cast<double>(unbiased ? stats.count - 1 : stats.count);
  stats.covariance = at::matmul(centred.t(), centred) / divisor;
  if (stats.count < rows.size(1)) stats.factor = centred / std::sqrt(divisor);
  return stats;
}

double frechet_distance(const FeatureStats& a, const FeatureStats& b) {
  const at::NoGradGuard no_grad;
  if (a.mean.sizes() != b.mean.sizes()) throw Error(ErrorCode::bad_input, "The two sets have features of different widths.", "Nothing was changed.");
  const bool swap = !a.factor.defined() || (b.factor.defined() && b.count < a.count);
  const FeatureStats &one = swap ? b : a, &other = swap ? a : b;
  at::Tensor factor = one.factor;
  if (!factor.defined()) {
    const auto [values, vectors] = at::linalg_eigh(one.covariance);
    factor = (vectors * values.clamp_min(0).sqrt()).t();
  }
  at::Tensor product = at::matmul(at::matmul(factor, other.covariance), factor.t());
  product = (product + product.t()) / 2;
  const double trace_of_root = at::linalg_eigvalsh(product).clamp_min(0).sqrt().sum().item<double>();
  const double means = (a.mean - b.mean).square().sum().item<double>();
  return means + a.covariance.diagonal().sum().item<double>() + b.covariance.diagonal().sum().item<double>() - 2 * trace_of_root;
}

double kernel_distance(const at::Tensor& x, const at::Tensor& y) {
  const at::NoGradGuard no_grad;
  return unbiased_mmd(as_rows(x, 2), as_rows(y, 2), cubic_kernel);
}

double kernel_distance_rbf(const at::Tensor& x, const at::Tensor& y, double sigma) {
  const at::NoGradGuard no_grad;
  return unbiased_mmd(as_rows(x, 2), as_rows(y, 2), [&](const at::Tensor& a, const at::Tensor& b) { return (squared_distances(a, b) / (-2 * sigma * sigma)).exp(); });
}

std::vector<double> kernel_distances_of_subsets(const at::Tensor& x, const at::Tensor& y, const at::Tensor& x_index, const at::Tensor& y_index) {
  const at::NoGradGuard no_grad;
  std::vector<double> values;
  for (std::int64_t i = 0; i < x_index.size(0); ++i) values.push_back(kernel_distance(x.index_select(0, x_index[i]), y.index_select(0, y_index[i])));
  return values;
}

PrecisionRecall precision_recall(const at::Tensor& generated, const at::Tensor& real, std::int64_t k) {
  const at::NoGradGuard no_grad;
  return precision_recall_of(generated, real, k, false);
}
PrecisionRecall precision_recall_float16(const at::Tensor& generated, const at::Tensor& real, std::int64_t k) {
  const at::NoGradGuard no_grad;
  return precision_recall_of(generated, real, k, true);
}
at::Tensor neighbour_radius(const at::Tensor& features, std::int64_t k) {
  const at::NoGradGuard no_grad;
  return radius_of(as_rows(features, 2), k, false);
}

InceptionScore inception_score(const at::Tensor& logits, std::int64_t splits) {
  const at::NoGradGuard no_grad;
  return score_of(as_rows(logits, 1).softmax(1), splits);
}
InceptionScore inception_score_of_probabilities(const at::Tensor& probabilities, std::int64_t splits) {
  const at::NoGradGuard no_grad;
  return score_of(as_rows(probabilities, 1), splits);
}

}  // namespace orrery::metrics
