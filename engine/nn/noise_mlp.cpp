#include "engine/nn/noise_mlp.h"

#include <ATen/ops/silu.h>

#include <cmath>

namespace orrery::nn {
namespace {

constexpr double kFrequencies = 2.0;  // noise labels are small numbers (ln(sigma) / 4)
const Init kInit{Init::Law::kaiming_uniform, std::sqrt(1.0 / 3.0), 0.0};
const Init kInitZero{Init::Law::kaiming_uniform, 1e-5, 0.0};

}  // namespace

NoiseMlp::NoiseMlp(const NoiseMlpOptions& o) {
  map_noise_ = register_module("map_noise", std::make_shared<FourierEmbedding>(o.width / 2 * 2, kFrequencies));
  map_layer_ = register_module("map_layer", std::make_shared<Linear>(o.width / 2 * 2, o.width, true, kInit));
  if (o.label_dim > 0) map_label_ = register_module("map_label", std::make_shared<Linear>(o.label_dim, o.width, false, Init{Init::Law::kaiming_normal, std::sqrt(static_cast<double>(o.label_dim)), 0.0}));
  first_ = register_module("first", std::make_shared<Linear>(o.values, o.width, true, kInit));
  for (std::int64_t i = 0; i < o.layers; ++i) {
    const std::string name = "layer" + std::to_string(i);
    layers_.push_back({register_module(name + "_in", std::make_shared<Linear>(o.width, o.width, true, kInit)),
                       register_module(name + "_emb", std::make_shared<Linear>(o.width, o.width, true, kInit)),
                       register_module(name + "_out", std::make_shared<Linear>(o.width, o.width, true, kInit))});
  }
  last_ = register_module("last", std::make_shared<Linear>(o.width, o.outputs, true, kInitZero));
}

at::Tensor NoiseMlp::forward(const NetworkInput& input, const LayerTap& tap) {
  at::Tensor emb = map_layer_->forward(map_noise_->forward(input.noise));
  if (map_label_ && input.classes.defined()) emb = emb + map_label_->forward(input.classes);
  emb = at::silu(emb);
  at::Tensor h = first_->forward(input.x.flatten(1)) + emb;
  for (const auto& layer : layers_) {
    h = h + layer.out->forward(at::silu(layer.in->forward(at::silu(h)) + layer.emb->forward(emb)));
    if (tap) tap("layer" + std::to_string(&layer - layers_.data()), h);
  }
  const at::Tensor y = last_->forward(at::silu(h));
  return y.numel() == input.x.numel() ? y.view(input.x.sizes()) : y;
}

}  // namespace orrery::nn
