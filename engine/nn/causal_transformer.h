// Pre-LN causal transformer (Radford et al. 2019, GPT-2, in the form that Esser et al. 2021, VQGAN, use): exact GELU, layer norm with eps 1e-5,
// learned positions, no bias in the head. State-dict names of minGPT.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/device/rng.h"
#include "engine/kinds/layer_tap.h"
#include "engine/kinds/token_model.h"
#include "engine/nn/embedding.h"
#include "engine/nn/reset.h"

namespace orrery::nn {

struct CausalTransformerOptions {
  std::int64_t vocabulary = 512;
  std::int64_t outputs = 0;    // of the head; 0: the vocabulary
  std::int64_t positions = 256;
  std::int64_t layers = 8, heads = 8, width = 512;
  std::int64_t unmasked = 0;   // the first so many positions see one another
  double dropout = 0.0;        // of embeddings and of what each block adds, in training
  double embedding_deviation = 0.02;  // of tokens and positions at the start
  bool mask_buffers = false;   // whether each block has its mask as a buffer [1, 1, positions, positions], as the published program's weights do
};

class AttentionBlock;

// Keys and values [N, heads, positions, width / heads] of every block, in one piece each.
class KeyValueCache : public TokenCache {
 public:
  KeyValueCache(const CausalTransformerOptions& options, std::int64_t batch, const at::TensorOptions& tensors);
  std::int64_t length() const override { return length_; }
  void truncate(std::int64_t length) override;
  std::int64_t batch() const { return keys_.front().size(0); }
  // Of one block, as far as it is filled: [N, heads, length, width / heads].
  at::Tensor keys(std::size_t block) const { return keys_[block].narrow(2, 0, length_); }
  at::Tensor values(std::size_t block) const { return values_[block].narrow(2, 0, length_); }

 private:
  friend class CausalTransformer;
  friend class AttentionBlock;
  std::vector<at::Tensor> keys_, values_;
  std::int64_t length_ = 0;
};

class CausalTransformer : public torch::nn::Module, public Resettable {
 public:
  explicit CausalTransformer(const CausalTransformerOptions& options);
  ~CausalTransformer() override;
  // numbers int64 [N, T] in [0, vocabulary), after `before` [N, P, width] where defined -> [N, P + T, outputs]. With a cache these positions
  // follow what it has seen and it grows by them; without derivatives only. Throws std::invalid_argument for more positions than there are.
  // everywhere [N, 1, width]: added to every position; undefined: nothing.
  at::Tensor forward(const at::Tensor& numbers, const at::Tensor& before = {}, KeyValueCache* cache = nullptr, Rng* dropout = nullptr, const LayerTap& tap = {},
                     const at::Tensor& everywhere = {}) const;
  std::unique_ptr<KeyValueCache> make_cache(std::int64_t batch) const;
  const CausalTransformerOptions& options() const { return options_; }
  // Matrices start as N(0, 0.02^2).
  void reset_weights(Rng rng) override;

 private:
  CausalTransformerOptions options_;
  at::Tensor positions_;
  std::shared_ptr<Embedding> tokens_;
  std::vector<std::shared_ptr<AttentionBlock>> blocks_;
  std::shared_ptr<torch::nn::Module> norm_, head_;
};

}  // namespace orrery::nn
