// The contract of an Autoencoder: picture -> latents -> picture, with continuous latents or codes from a codebook
// (van den Oord et al. 2017, VQ-VAE; Razavi et al. 2019, VQ-VAE-2; Esser et al. 2021, VQGAN).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <vector>

namespace orrery {

// One grid of latents. A picture's size decides the grid's: rows = height / factor.
struct LatentLevel {
  std::int64_t dim = 0;     // components of one latent
  std::int64_t factor = 1;  // pixels of the picture to a side of a cell
  std::int64_t codes = 0;   // size of the codebook; 0: continuous
};

struct AutoencoderShape {
  std::int64_t channels = 3;
  std::int64_t resolution_px = 64;   // pictures it was trained on; convolutional ones take every multiple of the largest factor
  std::vector<LatentLevel> levels;  // from the coarsest
};

class Autoencoder : public torch::nn::Module {
 public:
  virtual AutoencoderShape shape() const = 0;
  // pictures [N, channels, H, W] in [-1, 1] -> for each level [N, dim, H / factor, W / factor], before quantisation.
  virtual std::vector<at::Tensor> encode(const at::Tensor& pictures) = 0;
  // Latents of every level, quantised where there is a codebook -> pictures [N, channels, H, W], nominally in [-1, 1].
  virtual at::Tensor decode(const std::vector<at::Tensor>& latents) = 0;
  // [codes, dim] of a level, in the type of the parameters; undefined for continuous latents. Shares memory with the network: do not write.
  virtual at::Tensor codebook(std::int64_t /*level*/ = 0) const { return {}; }
};

}  // namespace orrery
