// The contract of a Generator: z -> w -> picture.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/kinds/layer_tap.h"

namespace orrery {

struct GeneratorShape {
  std::int64_t z_dim = 512;
  std::int64_t c_dim = 0;  // classes, 0: unconditional
  std::int64_t w_dim = 512;
  std::int64_t num_ws = 1;  // styles per picture
  std::int64_t resolution_px = 64;
  std::int64_t channels = 3;
  bool has_noise = true;  // whether synthesise() heeds its noise
};

// Noise inputs of a synthesis pass.
struct SynthesisNoise {
  enum class Mode { none, constant, random };
  Mode mode = Mode::constant;
  double strength = 1.0;             // multiplies the learned strength
  std::vector<std::uint64_t> seeds;  // random: one per sample (counter-based, see engine/device/rng.h)
  // Takes the place of a layer's own noise, by the layer's name ("b8.conv0"): standard normal [N, 1, H, W], [1, 1, H, W] or [H, W].
  std::map<std::string, at::Tensor> given = {};
};

class Generator : public torch::nn::Module {
 public:
  virtual GeneratorShape shape() const = 0;
  // z [N, z_dim] standard normal, c [N, c_dim] class weights (undefined when c_dim = 0) -> ws [N, num_ws, w_dim].
  virtual at::Tensor map(const at::Tensor& z, const at::Tensor& c) = 0;
  // ws [N, num_ws, w_dim] -> pictures [N, channels, resolution, resolution], nominally in [-1, 1].
  virtual at::Tensor synthesise(const at::Tensor& ws, const SynthesisNoise& noise) = 0;
  // The same pass, watched: `tap` sees every layer. A network that shows none of its layers never calls it.
  virtual at::Tensor synthesise_tapped(const at::Tensor& ws, const SynthesisNoise& noise, const LayerTap& /*tap*/) {
    return synthesise(ws, noise);
  }
  // Training: moves the running mean of w towards the batch's. ws as map() gave them, c as it took them.
  virtual void track_w(const at::Tensor& /*ws*/, const at::Tensor& /*c*/) {}
  // Mean of w over z, [w_dim] or [c_dim, w_dim]; undefined when the network has none. The centre of truncation.
  virtual at::Tensor w_average() const { return {}; }
  // The noise inputs by name ("b8.conv0") and side in pixels, from the lowest resolution up; empty when the network has none.
  virtual std::vector<std::pair<std::string, std::int64_t>> noise_sizes() const { return {}; }
  // The matrices that turn w into each layer's style, [style, w_dim] each, in the order of ws: for closed-form directions (SeFa).
  virtual std::vector<at::Tensor> style_matrices() const { return {}; }
};

}  // namespace orrery
