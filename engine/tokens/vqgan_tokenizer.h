// The tokenizers of VQGAN (Esser et al. 2021) and MaskGIT (Chang et al. 2022) as an Autoencoder with one codebook. Names: encoder, decoder,
// quantize.embedding.weight; style vqgan also quant_conv and post_quant_conv.
#pragma once

#include <memory>

#include "engine/kinds/autoencoder.h"
#include "engine/nn/basic_layers.h"
#include "engine/nn/vqgan.h"
#include "engine/tokens/quantizer.h"

namespace orrery::tokens {

struct VqganTokenizerOptions {
  nn::VqganOptions networks;
  std::int64_t codes = 1024;
  std::int64_t dim = 256;  // of a code; style maskgit: networks.latent_channels must be the same
};

class VqganTokenizer : public Autoencoder {
 public:
  // Throws Error(wrong_use) for numbers that do not go together.
  explicit VqganTokenizer(const VqganTokenizerOptions& options);

  AutoencoderShape shape() const override;
  std::vector<at::Tensor> encode(const at::Tensor& pictures) override { return {latents(to_own_range(pictures))}; }
  at::Tensor decode(const std::vector<at::Tensor>& latents) override { return from_own_range(pictures(latents.at(0))); }
  at::Tensor codebook(std::int64_t level = 0) const override;

  // In the networks' own range: [0, 1] in style maskgit, [-1, 1] in style vqgan. [N, C, H, W] to [N, dim, h, w] and back.
  at::Tensor latents(const at::Tensor& pictures, const LayerTap& tap = {}) const;
  at::Tensor pictures(const at::Tensor& latents, const LayerTap& tap = {}) const;
  at::Tensor to_own_range(const at::Tensor& pictures) const;
  at::Tensor from_own_range(const at::Tensor& pictures) const;

  const GradientQuantizer& quantizer() const { return *quantize_; }
  GradientQuantizer& quantizer() { return *quantize_; }
  const at::Tensor& last_weight() const { return decoder_->last_weight(); }
  const VqganTokenizerOptions& options() const { return options_; }

 private:
  VqganTokenizerOptions options_;
  std::shared_ptr<nn::VqganEncoder> encoder_;
  std::shared_ptr<nn::VqganDecoder> decoder_;
  std::shared_ptr<GradientQuantizer> quantize_;
  std::shared_ptr<nn::Conv2d> quant_conv_, post_quant_conv_;
};

}  // namespace orrery::tokens
