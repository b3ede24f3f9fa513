#include "engine/tokens/vqgan_tokenizer.h"

#include "engine/api/result.h"

namespace orrery::tokens {

using Style = nn::VqganOptions::Style;

VqganTokenizer::VqganTokenizer(const VqganTokenizerOptions& options) : options_(options) {
  const auto& n = options.networks;
  if (options.codes < 1 || options.dim < 1 || (n.style == Style::maskgit && n.latent_channels != options.dim))
    throw Error(ErrorCode::wrong_use, "The tokenizer cannot be built: its codebook does not fit its networks.", "Nothing was started.");
  encoder_ = register_module("encoder", std::make_shared<nn::VqganEncoder>(n));
  decoder_ = register_module("decoder", std::make_shared<nn::VqganDecoder>(n));
  quantize_ = register_module("quantize", std::make_shared<GradientQuantizer>(options.codes, options.dim));
  if (n.style == Style::maskgit) return;
  nn::ConvOptions point;
  point.kernel = 1;
  quant_conv_ = register_module("quant_conv", std::make_shared<nn::Conv2d>(n.latent_channels, options.dim, point));
  post_quant_conv_ = register_module("post_quant_conv", std::make_shared<nn::Conv2d>(options.dim, n.latent_channels, point));
}

AutoencoderShape VqganTokenizer::shape() const {
  AutoencoderShape shape;
  shape.channels = options_.networks.channels;
  shape.resolution_px = options_.networks.resolution_px;
  shape.levels = {{options_.dim, std::int64_t{1} << (options_.networks.multipliers.size() - 1), options_.codes}};
  return shape;
}

at::Tensor VqganTokenizer::codebook(std::int64_t level) const { return level == 0 ? quantize_->codebook() : at::Tensor(); }

at::Tensor VqganTokenizer::latents(const at::Tensor& pictures, const LayerTap& tap) const {
  const at::Tensor z = encoder_->forward(pictures, tap);
  if (!quant_conv_) return z;
  const at::Tensor out = quant_conv_->forward(z);
  if (tap) tap("quant_conv", out);
  return out;
}

at::Tensor VqganTokenizer::pictures(const at::Tensor& latents, const LayerTap& tap) const {
  if (!post_quant_conv_) return decoder_->forward(latents, tap);
  const at::Tensor z = post_quant_conv_->forward(latents);
  if (tap) tap("post_quant_conv", z);
  return decoder_->forward(z, tap);
}

at::Tensor VqganTokenizer::to_own_range(const at::Tensor& pictures) const { return options_.networks.style == Style::maskgit ? pictures * 0.5 + 0.5 : pictures; }
at::Tensor VqganTokenizer::from_own_range(const at::Tensor& pictures) const { return options_.networks.style == Style::maskgit ? pictures * 2.0 - 1.0 : pictures; }

}  // namespace orrery::tokens
