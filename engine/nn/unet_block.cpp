#include "engine/nn/unet_block.h"

#include <ATen/ops/addcmul.h>

#include "engine/nn/attention.h"

namespace orrery::nn {

UNetBlock::UNetBlock(std::int64_t in_channels, std::int64_t out_channels, const UNetBlockOptions& options)
    : options_(options), in_channels_(in_channels), out_channels_(out_channels) {
  ConvOptions conv;
  conv.resample_filter = options.resample_filter;
  conv.init = options.init;
  ConvOptions moving = conv, last = conv, point = conv;
  moving.up = options.up;
  moving.down = options.down;
  last.init = options.init_zero;
  point.kernel = 1;

  norm0_ = register_module("norm0", std::make_shared<GroupNorm>(in_channels, options.eps));
  conv0_ = register_module("conv0", std::make_shared<Conv2d>(in_channels, out_channels, moving));
  affine_ = register_module("affine", std::make_shared<Linear>(options.emb_channels, out_channels * (options.adaptive_scale ? 2 : 1), true, options.init));
  norm1_ = register_module("norm1", std::make_shared<GroupNorm>(out_channels, options.eps));
  conv1_ = register_module("conv1", std::make_shared<Conv2d>(out_channels, out_channels, last));
  if (out_channels != in_channels || options.up || options.down) {
    ConvOptions skip = moving;
    skip.kernel = options.resample_proj || out_channels != in_channels ? 1 : 0;
    skip_ = register_module("skip", std::make_shared<Conv2d>(in_channels, out_channels, skip));
  }
  if (options.heads > 0) {
    ConvOptions qkv = point, proj = point;
    qkv.init = options.init_attn;
    proj.init = options.init_zero;
    norm2_ = register_module("norm2", std::make_shared<GroupNorm>(out_channels, options.eps));
    qkv_ = register_module("qkv", std::make_shared<Conv2d>(out_channels, out_channels * 3, qkv));
    proj_ = register_module("proj", std::make_shared<Conv2d>(out_channels, out_channels, proj));
  }
}

at::Tensor UNetBlock::forward(const at::Tensor& x_in, const at::Tensor& emb, Rng* dropout) const {
  at::Tensor x = conv0_->forward(silu(norm0_->forward(x_in)));
  const at::Tensor style = affine_->forward(emb).unsqueeze(2).unsqueeze(3);
  if (options_.adaptive_scale) {
    const auto parts = style.chunk(2, 1);
    x = silu(at::addcmul(parts[1], norm1_->forward(x), parts[0] + 1));
  } else {
    x = silu(norm1_->forward(scaled_sum(std::move(x), style, 1.0)));
  }
  if (dropout != nullptr && options_.dropout > 0.0) {  // Srivastava et al. 2014, scaled so that the mean stays
    const at::Tensor kept = dropout->uniform(x.sizes(), x.options().requires_grad(false)).ge(options_.dropout);
    x = x * kept.to(x.scalar_type()).div_(1.0 - options_.dropout);
  }
  x = scaled_sum(conv1_->forward(x), skip_ ? skip_->forward(x_in) : x_in, options_.skip_scale);
  if (options_.heads > 0) x = scaled_sum(proj_->forward(pixel_attention(qkv_->forward(norm2_->forward(x)), options_.heads)), x, options_.skip_scale);
  return x;
}

}  // namespace orrery::nn
