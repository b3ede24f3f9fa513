// The bidirectional transformer of MaskGIT (Chang et al. 2022, section 3.1): BERT with layer normalisation after each residual sum (Devlin et
// al. 2019), tanh-approximated GELU, and a head tied to the word embedding. Names: words.weight, positions.weight, norm_in, layers.<k>.{qkv,
// attention_out,attention_norm,mlp_in,mlp_out,mlp_norm}, head.{dense,norm,bias}.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/kinds/layer_tap.h"
#include "engine/kinds/token_model.h"
#include "engine/nn/basic_layers.h"

namespace orrery::nn {

struct BertOptions {
  std::int64_t codes = 1024;
  std::int64_t classes = 0;
  std::int64_t rows = 16, cols = 16;
  std::int64_t width = 768, layers = 24, heads = 16, mlp_width = 3072;
  double dropout = 0.1;        // of embeddings and of what attention and MLPs add
  bool unconditional = false;  // was trained with dropped classes
  std::int64_t vocabulary = 0;  // rows of the word embedding; 0: codes, classes and the mask, in this order
  std::int64_t positions = 0;   // rows of the position embedding; 0: one for the class and one for each token
};

// Words are the codes, then the classes; the last one of the vocabulary is the mask. What stands before the tokens is the class; where no class
// is known, the mask.
class BertTransformer : public TokenModel, public Resettable {
 public:
  // Throws Error(wrong_use) for numbers that do not go together.
  explicit BertTransformer(const BertOptions& options);
  ~BertTransformer() override;

  TokenShape shape() const override;
  // [N, rows * cols, codes]
  at::Tensor logits(const at::Tensor& tokens, const TokenCondition& condition, TokenCache* cache = nullptr) override;
  // Of a whole sequence [N, 1 + rows * cols] of word numbers, kMasked for the mask: every position, every word. [N, 1 + T, vocabulary].
  at::Tensor word_logits(const at::Tensor& words, const LayerTap& tap = {});
  void reset_weights(Rng rng) override;
  const BertOptions& options() const { return options_; }

 private:
  struct Layer;
  struct Norm;
  struct Pass;
  at::Tensor encode(const at::Tensor& embedded, const Pass& pass) const;
  at::Tensor head(const at::Tensor& h, std::int64_t words, const Pass& pass) const;

  BertOptions options_;
  at::Tensor words_, positions_, bias_;
  std::shared_ptr<Norm> norm_in_, head_norm_;
  std::vector<std::shared_ptr<Layer>> layers_;
  std::shared_ptr<Linear> dense_;
};

// Weights by the names of the published flax code ("params/Embed_0/word_embeddings/embedding", ...; dense kernels [in, out], attention kernels
// [width, heads, head width]) to and from names and layouts of ours. `to_flax` takes gradients as well. Throw Error(bad_input) naming what is missing.
std::map<std::string, at::Tensor> bert_from_flax(const std::map<std::string, at::Tensor>& weights, const BertOptions& options);
std::map<std::string, at::Tensor> bert_to_flax(const std::map<std::string, at::Tensor>& weights, const BertOptions& options);

}  // namespace orrery::nn
