// Plain layers with a declared random start: fully connected, convolution with built-in resampling, group normalisation. Names of their
// weights: weight, bias, resample_filter.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <vector>

#include "engine/nn/ready_weights.h"
#include "engine/nn/reset.h"
#include "kernels/conv3x3/conv3x3.h"

namespace orrery::nn {

// How weights start. U(-b, b) with b = sqrt(6 / (fan in + fan out)) (Glorot & Bengio 2010, equation 16) or sqrt(3 / fan in), or
// N(0, 1 / fan in) (He et al. 2015, equation 14, gain 1), times `weight`; the bias from the same law, times `bias`.
struct Init {
  enum class Law { xavier_uniform, kaiming_uniform, kaiming_normal };
  Law law = Law::xavier_uniform;
  double weight = 1.0;
  double bias = 0.0;
};

// y = x W^T + b. x [N, in] -> [N, out].
class Linear : public torch::nn::Module, public Resettable {
 public:
  Linear(std::int64_t in_features, std::int64_t out_features, bool with_bias = true, const Init& init = {});
  at::Tensor forward(const at::Tensor& x) const;
  void reset_weights(Rng rng) override;

  at::Tensor weight;  // [out, in]
  at::Tensor bias;    // [out] or undefined

 private:
  Init init_;
};

struct ConvOptions {
  std::int64_t kernel = 3;  // odd; 0: only resampling
  bool up = false, down = false;  // by 2
  std::vector<double> resample_filter{1, 1};  // taps of the separable low-pass
  bool fused = false;  // filter and convolution at the higher resolution, as one linear map (Song et al. 2021, NCSN++)
  bool bias = true;
  Init init = {};
};

// Convolution with zero padding that keeps the size, preceded by up- or down-sampling by 2 with a low-pass filter (Karras et al. 2022, EDM,
// appendix B; Zhang 2019). Up-sampling inserts zeros, filters and multiplies by 4. [N, in, H, W] -> [N, out, H', W'].
class Conv2d : public torch::nn::Module, public Resettable {
 public:
  Conv2d(std::int64_t in_channels, std::int64_t out_channels, const ConvOptions& options = {});
  at::Tensor forward(const at::Tensor& x) const;
  void reset_weights(Rng rng) override;

  at::Tensor weight;           // [out, in, k, k], undefined for kernel 0
  at::Tensor bias;             // [out] or undefined
  at::Tensor resample_filter;  // buffer [1, 1, taps, taps], sum 1; undefined where nothing is resampled

 private:
  at::Tensor resampled(const at::Tensor& x) const;
  at::Tensor convolved(const at::Tensor& x) const;
  ConvOptions options_;
  ReadyWeights<kernels::Conv3x3Weights> ready_;
};

// Normalisation over groups of channels (Wu & He 2018), `groups` = min(32, channels / 4), with gain and bias per channel.
class GroupNorm : public torch::nn::Module, public Resettable {
 public:
  explicit GroupNorm(std::int64_t channels, double eps = 1e-5, std::int64_t most_groups = 32, std::int64_t least_per_group = 4);
  at::Tensor forward(const at::Tensor& x) const;  // [N, channels, ...]
  void reset_weights(Rng rng) override;

  at::Tensor weight, bias;  // [channels]

 private:
  std::int64_t groups_;
  double eps_;
};

// Of values that nobody else needs: in their own memory where no derivatives are wanted.
at::Tensor silu(at::Tensor&& x);                                  // x sigmoid(x)
at::Tensor scaled_sum(at::Tensor&& x, const at::Tensor& y, double scale);  // scale (x + y)

}  // namespace orrery::nn
