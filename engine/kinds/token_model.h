// The contract of a TokenModel: the distributions of a picture's tokens given those that are known, for masked decoding (Chang et al. 2022,
// MaskGIT) and for decoding one after the other (Esser et al. 2021, VQGAN).
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>

#include "engine/device/rng.h"

namespace orrery {

// A token that is not known yet.
inline constexpr std::int64_t kMasked = -1;

struct TokenShape {
  std::int64_t codes = 0;           // tokens are in [0, codes)
  std::int64_t rows = 0, cols = 0;  // of the grid; sequences are in raster order
  std::int64_t classes = 0;         // 0: unconditional
  bool causal = false;              // a token's distribution depends on those before it only
  bool unconditional = false;       // knows the empty condition too: was trained with dropped classes
  std::int64_t tokens() const { return rows * cols; }
};

// Keys and values of the tokens that a causal model has seen, preallocated for a whole sequence.
class TokenCache {
 public:
  virtual ~TokenCache() = default;
  virtual std::int64_t length() const = 0;               // positions seen, what stands before the first token included
  virtual void truncate(std::int64_t length) = 0;        // forgets what came after
};

// What the tokens are conditioned on.
struct TokenCondition {
  at::Tensor classes;      // [N, classes] class weights (they mix the classes' embeddings); undefined or a row of zeros: the empty condition
  Rng* dropout = nullptr;  // training: where dropout masks are drawn from; null: no dropout
};

class TokenModel : public torch::nn::Module {
 public:
  virtual TokenShape shape() const = 0;
  // Unnormalised log-probabilities, float.
  // Masked models: tokens [N, T] int64, all T = rows * cols, kMasked where unknown -> [N, T, codes].
  // Causal models: tokens [N, T], the first T <= rows * cols -> [N, T + 1, codes] (T rows when T is the whole): row i is the distribution
  // of token i given those before it. With a cache: `tokens` are those that follow what the cache has seen (none on its first call) and
  // the rows are those after it: one row for each position that is new; the cache grows by them.
  virtual at::Tensor logits(const at::Tensor& tokens, const TokenCondition& condition, TokenCache* cache = nullptr) = 0;
  // Of causal models, for `batch` sequences; masked ones have none.
  virtual std::unique_ptr<TokenCache> make_cache(std::int64_t /*batch*/) const { return nullptr; }
};

}  // namespace orrery
