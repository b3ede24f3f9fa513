// Distances between two sets of pictures, from their features. A distance is named after its network (FD-EffLite0); only Inception's is FID.
// Features: [N, D] of any floating type; all arithmetic is float64.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace orrery::metrics {

struct FeatureStats {
  at::Tensor mean;        // [D] float64
  at::Tensor covariance;  // [D, D] float64
  std::int64_t count = 0;
  at::Tensor factor;      // [count, D] with covariance = factor^T factor, where there are fewer rows than dimensions; else undefined
};
// `unbiased`: covariance over N - 1, as FID is usually computed; else over N. Throws Error(bad_input) for fewer than two rows.
FeatureStats feature_stats(const at::Tensor& features, bool unbiased = true);

// Frechet distance of two Gaussians (Dowson & Landau 1982; Heusel et al. 2017): |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)). The trace of
// the root is the sum of the square roots of the eigenvalues of S1^(1/2) S2 S1^(1/2), which are those of S1 S2: meaningful also with fewer
// samples than dimensions.
double frechet_distance(const FeatureStats& a, const FeatureStats& b);

// Squared maximum mean discrepancy under the kernel (x.y / D + 1)^3 (Binkowski et al. 2018), unbiased:
// sum_{i != j} k(x_i, x_j) / (n (n - 1)) + sum_{i != j} k(y_i, y_j) / (m (m - 1)) - 2 sum k(x_i, y_j) / (n m). Over all rows; n and m may differ.
double kernel_distance(const at::Tensor& x, const at::Tensor& y);
// The same under the kernel exp(-|x - y|^2 / (2 sigma^2)).
double kernel_distance_rbf(const at::Tensor& x, const at::Tensor& y, double sigma);
// The estimate of the KID papers: one value per pair of subsets. Indices [subsets, m] int64 each.
std::vector<double> kernel_distances_of_subsets(const at::Tensor& x, const at::Tensor& y, const at::Tensor& x_index, const at::Tensor& y_index);

// Improved precision and recall (Kynkaanniemi et al. 2019, eq. 1-2). A set's manifold is the union of balls around its points that reach to
// their k-th neighbour (themselves not counted): precision is the share of generated points inside the real manifold, recall the reverse.
struct PrecisionRecall {
  double precision = 0.0;
  double recall = 0.0;
  double f_score() const { return 2 * precision * recall / std::max(1e-5, precision + recall); }
};
PrecisionRecall precision_recall(const at::Tensor& generated, const at::Tensor& real, std::int64_t k = 3);
// As NVIDIA's metrics do: features, distances and radii rounded to float16, so that ties count as inside.
PrecisionRecall precision_recall_float16(const at::Tensor& generated, const at::Tensor& real, std::int64_t k = 3);
// Distance of every point to its k-th neighbour: [N] float64.
at::Tensor neighbour_radius(const at::Tensor& features, std::int64_t k);

// exp of the mean Kullback-Leibler divergence of p(y|x) from p(y) in each of `splits` parts [i N / s, (i + 1) N / s) (Salimans et al. 2016).
struct InceptionScore {
  double mean = 0.0;
  double deviation = 0.0;  // population standard deviation over the parts
};
InceptionScore inception_score(const at::Tensor& logits, std::int64_t splits = 10);
InceptionScore inception_score_of_probabilities(const at::Tensor& probabilities, std::int64_t splits = 10);

}  // namespace orrery::metrics
