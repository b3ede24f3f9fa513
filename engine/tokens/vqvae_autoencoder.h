// VQ-VAE's tokenizer: convolutional encoder and decoder around a codebook.
#pragma once

#include <memory>

#include "engine/kinds/autoencoder.h"
#include "engine/nn/plain_conv.h"
#include "engine/nn/vqvae_networks.h"
#include "engine/tokens/quantizer.h"

namespace orrery::tokens {

enum class CodebookRule { running_means, gradient };

struct VqVaeOptions {
  std::int64_t channels = 3, resolution_px = 64;
  nn::VqConvOptions conv;
  std::int64_t dim = 64, codes = 512;
  CodebookRule rule = CodebookRule::running_means;
  double decay = 0.99, eps = 1e-5;  // of running means
};

// Modules "enc", "quantize_conv" (1 x 1), "quantize", "dec".
class VqVaeAutoencoder : public Autoencoder {
 public:
  explicit VqVaeAutoencoder(const VqVaeOptions& options);
  AutoencoderShape shape() const override;
  std::vector<at::Tensor> encode(const at::Tensor& pictures) override { return {encode_tapped(pictures, {})}; }
  at::Tensor decode(const std::vector<at::Tensor>& latents) override { return decode_tapped(latents.at(0), {}); }
  at::Tensor codebook(std::int64_t level = 0) const override;

  at::Tensor encode_tapped(const at::Tensor& pictures, const LayerTap& tap);
  at::Tensor decode_tapped(const at::Tensor& latents, const LayerTap& tap);
  Quantizer& quantizer() { return *quantize_; }

 private:
  VqVaeOptions options_;
  std::shared_ptr<nn::VqEncoder> enc_;
  std::shared_ptr<nn::PlainConv2d> quantize_conv_;
  std::shared_ptr<Quantizer> quantize_;
  std::shared_ptr<nn::VqDecoder> dec_;
};

// One pass of a tokenizer in training, any rule, and what it costs.
struct TokenizerPass {
  at::Tensor reconstruction;  // [N, C, H, W]
  at::Tensor rows;            // latents [N, h, w, dim]
  Quantized quantized;
  at::Tensor squares;         // [N] mean squared error of the picture
  at::Tensor commitment;      // [N] mean squared distance to the codes, which moves the encoder
  at::Tensor codebook;        // [N] the same, which moves the codebook; undefined for running means
};
// pictures [N, C, H, W] in [-1, 1]. Changes nothing.
TokenizerPass tokenizer_pass(VqVaeAutoencoder& net, const at::Tensor& pictures);

}  // namespace orrery::tokens
