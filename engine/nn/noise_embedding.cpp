#include "engine/nn/noise_embedding.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/zeros.h>

#include <cmath>

namespace orrery::nn {
namespace {

at::Tensor waves(const at::Tensor& x, const at::Tensor& frequencies) {
  const at::Tensor phase = x.unsqueeze(1) * frequencies.unsqueeze(0);
  return at::cat({phase.cos(), phase.sin()}, 1);
}

}  // namespace

at::Tensor positional_embedding(const at::Tensor& x, std::int64_t channels, bool endpoint, double max_period) {
  const auto half = channels / 2;
  const at::Tensor exponent = at::arange(half, x.options()) / static_cast<double>(half - (endpoint ? 1 : 0));
  return waves(x, at::pow(1.0 / max_period, exponent));
}

at::Tensor swap_halves(const at::Tensor& embedding) { return embedding.view({embedding.size(0), 2, -1}).flip({1}).reshape(embedding.sizes()); }

FourierEmbedding::FourierEmbedding(std::int64_t channels, double scale) : scale_(scale) { freqs = register_buffer("freqs", at::zeros({channels / 2})); }

void FourierEmbedding::reset_weights(Rng rng) { freqs.copy_(rng.normal(freqs.sizes(), freqs.options()).mul_(scale_)); }

// The factor 2 pi goes to the frequencies first: phases get large, and their float32 rounding depends on the order.
at::Tensor FourierEmbedding::forward(const at::Tensor& x) const { return waves(x, (freqs * (2.0 * M_PI)).to(x.scalar_type())); }

}  // namespace orrery::nn
