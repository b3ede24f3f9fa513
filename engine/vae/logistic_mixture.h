// Mixtures of discretised logistics over pixels (Salimans et al. 2017, PixelCNN++, section 2.1 and 2.2): the colours of a pixel follow one
// another, each mean moved by the colours before it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace orrery::vae {

// Values that a pixel's distribution has: mixture logits, then for each colour means, log scales and, of three colours, coefficients.
inline std::int64_t logistic_mixture_values(std::int64_t colours, std::int64_t mixtures) { return mixtures * (colours == 1 ? 3 : 1 + 3 * colours); }

// -log p(x) in nats per sample, [N]: x [N, colours, H, W] in [-1, 1] at 8-bit levels, parameters [N, values, H, W]; colours 1 or 3.
at::Tensor logistic_mixture_loss(const at::Tensor& x, const at::Tensor& parameters);

// One picture [N, colours, H, W] in [-1, 1] from uniform draws in (0, 1): which [N, H, W, mixtures] (the largest logit plus Gumbel noise is
// the component), where [N, H, W, colours] (the logistic's quantile). Each colour is clipped before it moves the next; not rounded.
at::Tensor sample_logistic_mixture(const at::Tensor& parameters, const at::Tensor& which, const at::Tensor& where);

}  // namespace orrery::vae
