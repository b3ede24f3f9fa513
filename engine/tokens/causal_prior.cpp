#include "engine/tokens/causal_prior.h"

#include <ATen/ops/matmul.h>

#include <stdexcept>

namespace orrery::tokens {
namespace {

// Large enough that tokens, places and the condition are heard beside one another from the first step.
constexpr double kEmbedding = 0.5;

nn::CausalTransformerOptions transformer_of(const CausalPriorOptions& o) {
  nn::CausalTransformerOptions t;
  t.vocabulary = o.shape.codes;
  t.positions = o.shape.tokens();
  t.layers = o.layers;
  t.heads = o.heads;
  t.width = o.width;
  t.dropout = o.dropout;
  t.embedding_deviation = kEmbedding;
  return t;
}

}  // namespace

CausalPrior::CausalPrior(const CausalPriorOptions& options) : shape_(options.shape) {
  shape_.causal = true;
  transformer_ = register_module("transformer", std::make_shared<nn::CausalTransformer>(transformer_of(options)));
  start_ = register_module("start", std::make_shared<nn::Embedding>(1, options.width, kEmbedding));
  condition_ = register_module("condition", std::make_shared<nn::Embedding>(shape_.classes + 1, options.width, kEmbedding));
}

// [N, 1, width]. Class weights mix embeddings; what they leave to one is the empty condition's share.
at::Tensor CausalPrior::condition_of(std::int64_t batch, const TokenCondition& condition) const {
  const at::Tensor empty = condition_->weight.narrow(0, shape_.classes, 1);
  if (!condition.classes.defined() || shape_.classes == 0) return empty.expand({batch, empty.size(1)}).unsqueeze(1);
  const at::Tensor weights = condition.classes.to(empty.options().requires_grad(false));
  return (at::matmul(weights, condition_->weight.narrow(0, 0, shape_.classes)) + (1.0 - weights.sum(1, true)) * empty).unsqueeze(1);
}

at::Tensor CausalPrior::logits(const at::Tensor& tokens, const TokenCondition& condition, TokenCache* cache) {
  auto* kept = dynamic_cast<nn::KeyValueCache*>(cache);
  if (cache != nullptr && kept == nullptr) throw std::invalid_argument("this cache is another model's");
  const bool first = kept == nullptr || kept->length() == 0;
  const std::int64_t past = first ? 0 : kept->length() - 1;
  if (past + tokens.size(1) > shape_.tokens()) throw std::invalid_argument("there are more tokens than the grid has");
  // The last token of the grid is never looked back at.
  const at::Tensor seen = past + tokens.size(1) == shape_.tokens() && tokens.size(1) > 0 ? tokens.narrow(1, 0, tokens.size(1) - 1) : tokens;
  const at::Tensor start = first ? start_->weight.expand({tokens.size(0), start_->weight.size(1)}).unsqueeze(1) : at::Tensor();
  return transformer_->forward(seen, start, kept, condition.dropout, {}, condition_of(tokens.size(0), condition)).to(at::kFloat);
}

}  // namespace orrery::tokens
