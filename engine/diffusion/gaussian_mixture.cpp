#include "engine/diffusion/gaussian_mixture.h"

#include <ATen/ops/einsum.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/softmax.h>

#include <cmath>

#include "engine/api/result.h"

namespace orrery::diffusion {

GaussianMixture::GaussianMixture(const at::Tensor& weights, const at::Tensor& means, const at::Tensor& covariances) {
  const bool fits = weights.dim() == 1 && means.dim() == 2 && covariances.dim() == 3 && weights.size(0) > 0 && means.size(0) == weights.size(0) &&
                    covariances.size(0) == weights.size(0) && covariances.size(1) == means.size(1) && covariances.size(2) == means.size(1);
  if (!fits) throw Error(ErrorCode::bad_input, "The weights, means and covariances of a Gaussian mixture do not fit each other.");
  weights_ = weights.to(at::kDouble);
  if (!(weights_.min().item<double>() > 0.0)) throw Error(ErrorCode::bad_input, "A weight of a Gaussian mixture is not positive.");
  weights_ = weights_ / weights_.sum();
  means_ = means.to(at::kDouble);
  const auto [values, vectors] = at::linalg_eigh(covariances.to(at::kDouble));
  axes_ = vectors.contiguous();
  if (!(values.min().item<double>() > -1e-12)) throw Error(ErrorCode::bad_input, "A covariance of a Gaussian mixture has a negative eigenvalue.");
  variances_ = values.clamp_min(0.0);
}

GaussianMixture GaussianMixture::component(std::int64_t k) const {
  GaussianMixture one = *this;
  one.weights_ = at::ones_like(weights_.narrow(0, k, 1));
  one.means_ = means_.narrow(0, k, 1);
  one.axes_ = axes_.narrow(0, k, 1);
  one.variances_ = variances_.narrow(0, k, 1);
  return one;
}

GaussianMixture GaussianMixture::to(const at::Device& device) const {
  GaussianMixture moved = *this;
  for (at::Tensor* part : {&moved.weights_, &moved.means_, &moved.axes_, &moved.variances_}) *part = part->to(device);
  return moved;
}

at::Tensor GaussianMixture::mean() const { return weights_.matmul(means_); }

// Of every component: the deviation in its own axes, the variance there, and the log of its share of the density.
struct GaussianMixture::Parts {
  at::Tensor along;      // [N, K, D]
  at::Tensor variance;   // [K, D]
  at::Tensor log_share;  // [N, K]
  at::Tensor share() const { return at::softmax(log_share, 1); }
};

GaussianMixture::Parts GaussianMixture::parts(const at::Tensor& x, double sigma) const {
  Parts p;
  const at::Tensor deviation = x.to(at::kDouble).unsqueeze(1) - means_;
  p.along = at::einsum("nkd,kde->nke", {deviation, axes_});
  p.variance = variances_ + sigma * sigma;
  const double constant = static_cast<double>(dimensions()) * std::log(2.0 * M_PI);
  const at::Tensor size = p.variance.log().sum(1) + constant;
  p.log_share = weights_.log() - ((p.along.square() / p.variance).sum(2) + size) * 0.5;
  return p;
}

at::Tensor GaussianMixture::log_density(const at::Tensor& x, double sigma) const { return at::logsumexp(parts(x, sigma).log_share, {1}); }

at::Tensor GaussianMixture::responsibilities(const at::Tensor& x, double sigma) const { return parts(x, sigma).share(); }

at::Tensor GaussianMixture::score(const at::Tensor& x, double sigma) const {
  const Parts p = parts(x, sigma);
  return at::einsum("nk,nke,kde->nd", {p.share(), p.along / p.variance, axes_}).neg();
}

at::Tensor GaussianMixture::score_divergence(const at::Tensor& x, double sigma) const {
  const Parts p = parts(x, sigma);
  const at::Tensor share = p.share(), slope = p.along / p.variance;
  const at::Tensor mean = at::einsum("nk,nke,kde->nd", {share, slope, axes_});
  return (share * (slope.square().sum(2) - p.variance.reciprocal().sum(1))).sum(1) - mean.square().sum(1);
}

// sum_k p(k | x) (mu_k + v / (v + sigma^2) (x - mu_k)): the difference x + sigma^2 score cancels at large sigma, this sum does not.
at::Tensor GaussianMixture::denoise(const at::Tensor& x, double sigma) const {
  const Parts p = parts(x, sigma);
  const at::Tensor share = p.share();
  return share.matmul(means_) + at::einsum("nk,nke,kde->nd", {share, p.along * (variances_ / p.variance), axes_});
}

// Each axis keeps its place in units of the density's width (Karras et al. 2022, equation 1, solved for one Gaussian).
at::Tensor GaussianMixture::flow(const at::Tensor& x, double sigma_from, double sigma_to) const {
  if (components() != 1) throw Error(ErrorCode::wrong_use, "The flow of several Gaussians has no closed form.");
  const at::Tensor along = (x.to(at::kDouble) - means_[0]).matmul(axes_[0]);
  const at::Tensor stretch = ((variances_[0] + sigma_to * sigma_to) / (variances_[0] + sigma_from * sigma_from)).sqrt();
  return means_[0] + (along * stretch).matmul(axes_[0].t());
}

Denoise exact_denoise(const GaussianMixture& mixture) {
  return [mixture](const at::Tensor& x, double sigma, std::int64_t) { return mixture.denoise(x, sigma).to(x.scalar_type()); };
}

}  // namespace orrery::diffusion
