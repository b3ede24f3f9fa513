// A causal transformer as a TokenModel: an embedding stands before the first token, and that of the condition is added to every position.
#pragma once

#include <memory>

#include "engine/kinds/token_model.h"
#include "engine/nn/causal_transformer.h"

namespace orrery::tokens {

struct CausalPriorOptions {
  TokenShape shape;  // causal
  std::int64_t layers = 8, heads = 8, width = 512;
  double dropout = 0.0;
};

// Modules "transformer", "start" ("weight" [1, width]) and "condition": its "weight" [classes + 1, width] are the classes' embeddings and,
// last, that of the empty condition.
class CausalPrior : public TokenModel {
 public:
  explicit CausalPrior(const CausalPriorOptions& options);
  TokenShape shape() const override { return shape_; }
  at::Tensor logits(const at::Tensor& tokens, const TokenCondition& condition, TokenCache* cache = nullptr) override;
  std::unique_ptr<TokenCache> make_cache(std::int64_t batch) const override { return transformer_->make_cache(batch); }

 private:
  at::Tensor condition_of(std::int64_t batch, const TokenCondition& condition) const;

  TokenShape shape_;
  std::shared_ptr<nn::CausalTransformer> transformer_;
  std::shared_ptr<nn::Embedding> start_, condition_;
};

}  // namespace orrery::tokens
