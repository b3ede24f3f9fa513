#include "engine/nn/style_mapping.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/lerp.h>
#include <ATen/ops/zeros.h>

namespace orrery::nn {

StyleMapping::StyleMapping(const MappingOptions& options) : options_(options) {
  const bool labelled = options_.c_dim > 0;
  if (options_.embed_features <= 0) options_.embed_features = options_.w_dim;
  if (options_.layer_features <= 0) options_.layer_features = options_.w_dim;
  if (!labelled) options_.embed_features = 0;
  if (labelled) embed_ = register_module("embed", std::make_shared<EqualLinear>(options_.c_dim, options_.embed_features));
  LinearOptions linear;
  linear.activation = options_.activation;
  linear.lr_multiplier = options_.lr_multiplier;
  std::int64_t in = options_.z_dim + options_.embed_features;
  for (std::int64_t i = 0; i < options_.num_layers; ++i) {
    const auto out = i + 1 == options_.num_layers ? options_.w_dim : options_.layer_features;
    layers_.push_back(register_module("fc" + std::to_string(i), std::make_shared<EqualLinear>(in, out, linear)));
    in = out;
  }
  if (options_.num_ws > 0 && options_.w_avg_beta >= 0) w_avg = register_buffer("w_avg", at::zeros({options_.w_dim}));
}

void StyleMapping::reset_weights(Rng) {
  if (w_avg.defined()) w_avg.zero_();
}

at::Tensor StyleMapping::forward(const at::Tensor& z, const at::Tensor& c) const {
  at::Tensor x;
  if (options_.z_dim > 0) x = normalise_second_moment(z);
  if (embed_) {
    const at::Tensor y = normalise_second_moment(embed_->forward(c));
    x = x.defined() ? at::cat({x, y}, 1) : y;
  }
  for (const auto& layer : layers_) x = layer->forward(x);
  return options_.num_ws > 0 ? x.unsqueeze(1).repeat({1, options_.num_ws, 1}) : x;
}

void StyleMapping::track(const at::Tensor& w) {
  const at::NoGradGuard no_grad;
  w_avg.copy_(at::lerp(w.detach().mean(0), w_avg, options_.w_avg_beta));
}

at::Tensor truncate(const at::Tensor& ws, const at::Tensor& w_avg, double psi, std::int64_t cutoff) {
  if (psi == 1.0 || cutoff == 0) return ws;
  const at::Tensor centre = w_avg.dim() == 2 ? w_avg.unsqueeze(1) : w_avg;
  const auto count = cutoff < 0 ? ws.size(1) : std::min(cutoff, ws.size(1));
  const at::Tensor moved = at::lerp(centre, ws.narrow(1, 0, count), psi);
  return count == ws.size(1) ? moved : at::cat({moved, ws.narrow(1, count, ws.size(1) - count)}, 1);
}

}  // namespace orrery::nn
