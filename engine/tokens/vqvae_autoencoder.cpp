#include "engine/tokens/vqvae_autoencoder.h"

namespace orrery::tokens {
namespace {

std::shared_ptr<Quantizer> make_quantizer(const VqVaeOptions& o) {
  if (o.rule == CodebookRule::gradient) return std::make_shared<GradientQuantizer>(o.codes, o.dim);
  return std::make_shared<EmaQuantizer>(o.codes, o.dim, o.decay, o.eps);
}

}  // namespace

VqVaeAutoencoder::VqVaeAutoencoder(const VqVaeOptions& options) : options_(options) {
  nn::PlainConvOptions pointwise;
  pointwise.kernel = 1;
  pointwise.padding = 0;
  enc_ = register_module("enc", std::make_shared<nn::VqEncoder>(options.channels, options.conv));
  quantize_conv_ = register_module("quantize_conv", std::make_shared<nn::PlainConv2d>(options.conv.width, options.dim, pointwise));
  quantize_ = register_module("quantize", make_quantizer(options));
  dec_ = register_module("dec", std::make_shared<nn::VqDecoder>(options.dim, options.channels, options.conv));
}

AutoencoderShape VqVaeAutoencoder::shape() const { return {options_.channels, options_.resolution_px, {{options_.dim, options_.conv.stride, options_.codes}}}; }

at::Tensor VqVaeAutoencoder::codebook(std::int64_t) const { return quantize_->codebook(); }

at::Tensor VqVaeAutoencoder::encode_tapped(const at::Tensor& pictures, const LayerTap& tap) {
  const at::Tensor latents = quantize_conv_->forward(enc_->forward(pictures, tap, "enc"));
  if (tap) tap("quantize_conv", latents);
  return latents;
}

at::Tensor VqVaeAutoencoder::decode_tapped(const at::Tensor& latents, const LayerTap& tap) { return dec_->forward(latents, tap, "dec"); }

TokenizerPass tokenizer_pass(VqVaeAutoencoder& net, const at::Tensor& pictures) {
  TokenizerPass out;
  out.rows = to_rows(net.encode_tapped(pictures, {}));
  out.quantized = net.quantizer().quantize(out.rows);
  out.reconstruction = net.decode_tapped(to_maps(out.quantized.vectors), {});
  out.squares = (out.reconstruction - pictures).square().flatten(1).mean(1);
  out.commitment = commitment_loss(out.rows, out.quantized.looked_up);
  if (net.quantizer().by_gradient()) out.codebook = codebook_loss(out.rows, out.quantized.looked_up);
  return out;
}

}  // namespace orrery::tokens
