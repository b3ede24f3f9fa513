// The convolutional encoder and decoder of VQ-VAE (van den Oord et al. 2017, section 4.1; Razavi et al. 2019, appendix A): strided
// convolutions, then residual blocks; the decoder the other way round. State-dict names of the PyTorch port: blocks.<i>....
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/kinds/layer_tap.h"

namespace orrery::nn {

struct VqConvOptions {
  std::int64_t width = 128;      // channels between the blocks; half as many at the finest level
  std::int64_t res_blocks = 2;
  std::int64_t res_width = 32;   // channels inside a block
  std::int64_t stride = 4;       // pixels to a latent: 2, 4, 8, ...
};

// A row of layers called "blocks", numbered as the published program numbers them: activations count.
class VqBlocks : public torch::nn::Module {
 public:
  at::Tensor forward(at::Tensor x, const LayerTap& tap = {}, const std::string& prefix = "") const;

 protected:
  using Layer = std::function<at::Tensor(const at::Tensor&)>;
  VqBlocks();
  void conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, bool transposed = false);
  void relu();
  void residual(std::int64_t width, std::int64_t inner);

 private:
  template <class Part>
  void add(std::shared_ptr<Part> module, bool seen);
  struct Entry {
    Layer run;
    bool seen;  // whether a tap sees it
  };
  std::shared_ptr<torch::nn::Module> list_;
  std::vector<Entry> layers_;
};

// [N, in, H, W] -> [N, width, H / stride, W / stride]
class VqEncoder : public VqBlocks {
 public:
  VqEncoder(std::int64_t in_channels, const VqConvOptions& options);
};

// [N, in, h, w] -> [N, out, h stride, w stride]
class VqDecoder : public VqBlocks {
 public:
  VqDecoder(std::int64_t in_channels, std::int64_t out_channels, const VqConvOptions& options);
};

}  // namespace orrery::nn
