// A mixture of Gaussians as data: everything a diffusion model learns is known in closed form, so samplers and solvers can be measured
// against the truth.
#pragma once

#include <ATen/core/Tensor.h>

#include "engine/diffusion/sampling.h"

namespace orrery::diffusion {

// p(x) = sum_k w_k N(x; mu_k, C_k) in any dimension D, with full covariances. With noise of standard deviation sigma added, C_k becomes
// C_k + sigma^2 I. Everything is computed in float64 through the eigenvectors of C_k, so that small and large sigma lose nothing.
// x is [N, D] of any floating type; results are float64 on its device.
class GaussianMixture {
 public:
  // weights [K] > 0 (normalised here), means [K, D], covariances [K, D, D] symmetric, positive semi-definite. Throws Error(bad_input).
  GaussianMixture(const at::Tensor& weights, const at::Tensor& means, const at::Tensor& covariances);

  std::int64_t components() const { return means_.size(0); }
  std::int64_t dimensions() const { return means_.size(1); }
  const at::Tensor& weights() const { return weights_; }
  const at::Tensor& means() const { return means_; }
  GaussianMixture component(std::int64_t k) const;
  at::Tensor mean() const;  // [D]

  at::Tensor log_density(const at::Tensor& x, double sigma) const;       // [N]
  at::Tensor responsibilities(const at::Tensor& x, double sigma) const;  // [N, K]: p(k | x)
  at::Tensor score(const at::Tensor& x, double sigma) const;             // [N, D]: gradient of the log density
  at::Tensor score_divergence(const at::Tensor& x, double sigma) const;  // [N]: trace of its Hessian
  at::Tensor denoise(const at::Tensor& x, double sigma) const;           // [N, D]: E[x0 | x], by Tweedie x + sigma^2 score

  // Of a single component: where the probability-flow equation takes x from one noise level to another, x in the coordinates
  // x0 + sigma noise. Throws Error(wrong_use) for a real mixture, whose flow has no closed form.
  at::Tensor flow(const at::Tensor& x, double sigma_from, double sigma_to) const;  // [N, D]

  GaussianMixture to(const at::Device& device) const;

 private:
  struct Parts;
  Parts parts(const at::Tensor& x, double sigma) const;
  at::Tensor weights_, means_;       // [K], [K, D]
  at::Tensor axes_, variances_;      // eigenvectors [K, D, D] (columns) and eigenvalues [K, D] of the covariances
};

// D(x; sigma) of the mixture in the type of x; the mixture is copied.
Denoise exact_denoise(const GaussianMixture& mixture);

}  // namespace orrery::diffusion
