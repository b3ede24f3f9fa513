// PixelCNN++ (Salimans et al. 2017): the distribution of each pixel given those above it and to its left, by two streams of shifted
// convolutions on three resolutions with short-cuts between them. State-dict names of the PyTorch port.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "engine/device/rng.h"
#include "engine/kinds/layer_tap.h"

namespace orrery::nn {

struct PixelCnnOptions {
  std::int64_t channels = 3;  // 1 or 3
  std::int64_t blocks = 5;    // gated residual blocks per resolution on the way down; on the way up 1 more but at the coarsest
  std::int64_t width = 80;
  std::int64_t mixtures = 10;
  double dropout = 0.5;       // of whole feature maps, in training
};

class PixelCnnPp : public torch::nn::Module {
 public:
  explicit PixelCnnPp(const PixelCnnOptions& options);
  ~PixelCnnPp() override;
  // pictures [N, channels, H, W] in [-1, 1], sides multiples of 4 -> parameters of the mixture at each pixel [N, values, H, W]
  // (engine/vae/logistic_mixture.h). dropout: training, where masks are drawn from; null: none. Throws std::invalid_argument for other sides.
  at::Tensor forward(const at::Tensor& pictures, Rng* dropout = nullptr, const LayerTap& tap = {}) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
  PixelCnnOptions options_;
};

// Draws a picture pixel by pixel in raster order, each from a whole pass over what is there. uniform(pixel, count): draws in (0, 1) for
// pixel number `pixel`, the component [N, H, W, mixtures] and the colours [N, H, W, channels].
struct PixelDraws {
  at::Tensor which, where;
};
at::Tensor sample_pixels(const PixelCnnPp& net, at::IntArrayRef shape, const at::TensorOptions& options, const std::function<PixelDraws(std::int64_t pixel)>& draws);

}  // namespace orrery::nn
