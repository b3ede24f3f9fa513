// The contract of a Generator: z -> w -> picture.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace orrery {

struct GeneratorShape {
  std::int64_t z_dim = 512;
  std::int64_t c_dim = 0;     // classes, 0: unconditional
  std::int64_t w_dim = 512;
  std::int64_t num_ws = 1;    // styles per picture
  std::int64_t resolution_px = 64;
  std::int64_t channels = 3;
  bool has_noise = true;      // whether synthesise() heeds its noise
};

// Noise inputs of a synthesis pass.
struct SynthesisNoise {
  enum class Mode { none, constant, random };
  Mode mode = Mode::constant;
  double strength = 1.0;               // multiplies the learned strength
  std::vector<std::uint64_t> seeds;    // random: one per sample (counter-based, see engine/device/rng.h)
};

class Generator : public torch::nn::Module {
 public:
  virtual GeneratorShape shape() const = 0;
  // z [N, z_dim] standard normal, c [N, c_dim] class weights (undefined when c_dim = 0) -> ws [N, num_ws, w_dim].
  virtual at::Tensor map(const at::Tensor& z, const at::Tensor& c) = 0;
  // ws [N, num_ws, w_dim] -> pictures [N, channels, resolution, resolution], nominally in [-1, 1].
  virtual at::Tensor synthesise(const at::Tensor& ws, const SynthesisNoise& noise) = 0;
  // Mean of w over z, [w_dim] or [c_dim, w_dim]; undefined when the network has none. The centre of truncation.
  virtual at::Tensor w_average() const { return {}; }
  // The matrices that turn w into each layer's style, [style, w_dim] each, in the order of ws: for closed-form directions (SeFa).
  virtual std::vector<at::Tensor> style_matrices() const { return {}; }
};

}  // namespace orrery
