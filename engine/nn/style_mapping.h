// The mapping network z, c -> w. Source: Karras et al. 2019 (StyleGAN), section 2; conditioning as in StyleGAN2-ADA (Karras et al. 2020a).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <memory>
#include <vector>

#include "engine/nn/linear.h"

namespace orrery::nn {

struct MappingOptions {
  std::int64_t z_dim = 512;  // 0: no latent (a label path)
  std::int64_t c_dim = 0;    // 0: no label
  std::int64_t w_dim = 512;
  std::int64_t num_ws = 0;  // styles the result is repeated to; 0: not repeated, [N, w_dim]
  std::int64_t num_layers = 8;
  std::int64_t embed_features = 0;  // 0: w_dim
  std::int64_t layer_features = 0;  // 0: w_dim
  kernels::Activation activation = kernels::Activation::lrelu;
  double lr_multiplier = 0.01;
  double w_avg_beta = 0.995;  // < 0: no running mean of w
};

// Names: embed (with c_dim > 0), fc0, fc1, ..., buffer w_avg [w_dim].
class StyleMapping : public torch::nn::Module, public Resettable {
 public:
  explicit StyleMapping(const MappingOptions& options);
  // z [N, z_dim] and the embedding of c [N, c_dim] are normalised by second moment each, then concatenated.
  // -> [N, num_ws, w_dim] or [N, w_dim].
  at::Tensor forward(const at::Tensor& z, const at::Tensor& c) const;
  // w_avg <- mean of w [N, w_dim] over the batch, lerped towards the old by beta.
  void track(const at::Tensor& w);
  void reset_weights(Rng rng) override;

  const MappingOptions& options() const { return options_; }
  const std::shared_ptr<EqualLinear>& embed() const { return embed_; }  // null without classes
  const std::vector<std::shared_ptr<EqualLinear>>& layers() const { return layers_; }
  at::Tensor w_avg;

 private:
  MappingOptions options_;
  std::shared_ptr<EqualLinear> embed_;
  std::vector<std::shared_ptr<EqualLinear>> layers_;
};

// w_avg + psi (w - w_avg) on the first `cutoff` styles (all, if negative). ws [N, num_ws, w_dim]; w_avg [w_dim] or [N, w_dim].
// Source: the truncation trick in W, Karras et al. 2019, appendix B.
at::Tensor truncate(const at::Tensor& ws, const at::Tensor& w_avg, double psi, std::int64_t cutoff = -1);

}  // namespace orrery::nn
