// Drawing a grid of tokens one after the other from a causal model (Esser et al. 2021, VQGAN, section 3.2).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "engine/kinds/token_model.h"

namespace orrery::tokens {

// Which of the possible tokens are drawn from, and how boldly.
struct TokenFilter {
  double temperature = 1.0;  // divides the logits; 0: the most probable token
  std::int64_t top_k = 0;    // > 0: only the k most probable, and those equal to the last of them
  double top_p = 1.0;        // < 1: only the fewest most probable that together reach this probability (Holtzman et al. 2020)
};

// logits [..., codes] -> the same, divided by the temperature, -infinity where a token is ruled out. temperature 0 is not divided by.
at::Tensor filtered(const at::Tensor& logits, const TokenFilter& filter);
// The largest of logits + noise, int64 [...]: a draw from softmax(logits) when noise is standard Gumbel. At temperature 0 without the noise.
at::Tensor choose(const at::Tensor& logits, const at::Tensor& noise, const TokenFilter& filter);

// Standard Gumbel noise [N, ...] in float64: row i a function of seeds[i] and `draw` alone.
using TokenNoise = std::function<at::Tensor(std::int64_t draw, at::IntArrayRef shape)>;
TokenNoise seeded_token_noise(std::vector<std::uint64_t> seeds);

// Towards what the class makes of it: other + scale (conditional - other), in logits (Ho & Salimans 2022, equation 6).
inline at::Tensor guided_logits(const at::Tensor& conditional, const at::Tensor& other, double scale) { return other + (conditional - other) * scale; }

struct DecodingOptions {
  TokenFilter filter;
  double guidance = 1.0;     // other than 1: of models that know the empty condition
  std::int64_t first = 0;    // tokens before this one are known already and stay, whatever `known` says of later ones
  std::int64_t until = -1;   // draws tokens [first, until); -1: to the last
};

class DecodingObserver {
 public:
  virtual ~DecodingObserver() = default;
  virtual bool cancelled() { return false; }
  // After token number `position` is there, drawn or given: tokens [N, T], kMasked where still unknown. May be kept if cloned.
  virtual void on_token(std::int64_t /*position*/, const at::Tensor& /*tokens*/) {}
  // Before a token is drawn: its logits [N, codes], guided, not yet filtered.
  virtual void on_draw(std::int64_t /*position*/, const at::Tensor& /*logits*/) {}
};

// known [N, T] int64: tokens that stay as they are; kMasked: to be drawn. Returns [N, T], with options.until some still unknown; undefined
// when cancelled. noise(position, {N, codes}) is asked for drawn tokens only. Without derivatives.
at::Tensor decode_causal(TokenModel& model, const at::Tensor& known, const TokenCondition& condition, const TokenNoise& noise, const DecodingOptions& options,
                         DecodingObserver& observer);

}  // namespace orrery::tokens
