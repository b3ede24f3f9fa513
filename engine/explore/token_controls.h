// What a person can turn on every model of tokens, and what a request says about it.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "engine/api/control.h"
#include "engine/api/request.h"
#include "engine/kinds/token_model.h"
#include "engine/tokens/causal_decoding.h"

namespace orrery {

// seed; class, class.blend; those of photos (engine/explore/photo_tokens.h); tokens.pinned; temperature, top_k, top_p; guidance.scale. `names`: one per class.
std::vector<ControlSpec> token_controls(const TokenShape& shape, const std::vector<std::string>& names);
// While only the tokenizer is trained: every control but the seed and the photos says so.
void only_the_seed(std::vector<ControlSpec>& specs);

struct TokenSettings {
  std::int64_t seed = 0;
  std::vector<double> class_weights;  // sum 1; empty: unconditional
  tokens::TokenFilter filter;
  double guidance = 1.0;
};
// `request` must have been checked against token_controls.
// int64 [1, tokens]: the pinned codes, kMasked where a cell is free.
at::Tensor pinned_tokens(const Request& request, const TokenShape& shape);
TokenSettings read_token_settings(const Request& request, const TokenShape& shape, const std::vector<std::string>& names);

}  // namespace orrery
