// MaskGIT's transformer at the published size (Chang et al. 2022, section 4: 24 layers, 16 heads, width 768, 16 x 16 tokens) against the same
// network composed of plain ATen operations on the same weights; what decoding costs beside it; and what the cache of keys and values saves.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <torch/nn/module.h>

#include <cmath>

#include "engine/bench/bench.h"
#include "engine/nn/bert_transformer.h"
#include "engine/nn/reset.h"
#include "engine/tokens/causal_prior.h"
#include "engine/tokens/masked_decoding.h"

namespace orrery::bench {
namespace {

constexpr std::int64_t kGrid = 16, kTokens = kGrid * kGrid;

std::shared_ptr<nn::BertTransformer> maskgit() {
  nn::BertOptions options;
  options.classes = 1000;
  options.rows = options.cols = kGrid;
  auto net = std::make_shared<nn::BertTransformer>(options);
  nn::reset_all(*net, Rng(5));
  net->eval();
  return net;
}

// The composition: one ATen operation for each line of the papers.
class Plain {
 public:
  explicit Plain(const nn::BertTransformer& net) : options_(net.options()) {
    for (const auto& item : net.named_parameters()) weights_.insert(item.key(), item.value());
    // Query, key and value are layers of their own there.
    for (std::int64_t k = 0; k < options_.layers; ++k) {
      const std::string name = "layers." + std::to_string(k) + ".";
      const auto w = weights_[name + "qkv.weight"].chunk(3, 0), b = weights_[name + "qkv.bias"].chunk(3, 0);
      const char* const parts[] = {"query", "key", "value"};
      for (std::size_t i = 0; i < 3; ++i) {
        weights_.insert(name + parts[i] + ".weight", w[i].contiguous());
        weights_.insert(name + parts[i] + ".bias", b[i].contiguous());
      }
    }
  }

  // words int64 [N, S] -> logits [N, S, vocabulary]
  at::Tensor word_logits(const at::Tensor& words) const {
    const auto n = words.size(0), length = words.size(1), per_head = options_.width / options_.heads;
    at::Tensor x = norm("norm_in", at::embedding(weights_["words.weight"], words) + weights_["positions.weight"].narrow(0, 0, length));
    for (std::int64_t k = 0; k < options_.layers; ++k) {
      const std::string name = "layers." + std::to_string(k) + ".";
      const auto heads = [&](const char* part) { return dense(name + part, x).view({n, length, options_.heads, per_head}); };
      const at::Tensor query = heads("query") / std::sqrt(static_cast<double>(per_head));
      const at::Tensor pairs = at::einsum("nqhd,nkhd->nhqk", {query, heads("key")}).softmax(-1);
      const at::Tensor mixed = at::einsum("nhqk,nkhd->nqhd", {pairs, heads("value")}).reshape({n, length, options_.width});
      x = norm(name + "attention_norm", dense(name + "attention_out", mixed) + x);
      x = norm(name + "mlp_norm", dense(name + "mlp_out", at::gelu(dense(name + "mlp_in", x), "tanh")) + x);
    }
    const at::Tensor h = norm("head.norm", at::gelu(dense("head.dense", x), "tanh"));
    return at::matmul(h, weights_["words.weight"].t()) + weights_["head.bias"];
  }

 private:
  at::Tensor dense(const std::string& name, const at::Tensor& x) const { return at::matmul(x, weights_[name + ".weight"].t()) + weights_[name + ".bias"]; }
  at::Tensor norm(const std::string& name, const at::Tensor& x) const { return at::layer_norm(x, {options_.width}, weights_[name + ".weight"], weights_[name + ".bias"], 1e-12); }

  nn::BertOptions options_;
  torch::OrderedDict<std::string, at::Tensor> weights_;
};

Contest forward() {
  const auto net = maskgit();
  const auto plain = std::make_shared<Plain>(*net);
  const at::Tensor words = (Rng(3).uniform({1, 1 + kTokens}, at::kFloat) * 1024).to(at::kLong);
  const auto ours = [=] {
    const c10::InferenceMode inference;
    return net->word_logits(words);
  };
  const auto peer = [=] {
    const c10::InferenceMode inference;
    return plain->word_logits(words);
  };
  return {[=] { ours(); }, [=] { peer(); }, [=] { return relative_distance(ours(), peer()); }, 1e-3};
}

// Eight rounds, against the network alone on what it was asked in them.
Contest rounds() {
  const auto net = maskgit();
  const at::Tensor classes = at::one_hot(at::full({1}, 7, at::kLong), 1000).to(at::kFloat);
  const auto asked = std::make_shared<std::vector<at::Tensor>>();
  const auto evaluate = [=](const at::Tensor& tokens) {
    const c10::InferenceMode inference;
    return net->logits(tokens, {classes, nullptr});
  };
  const auto decode = [=](bool remember) {
    const c10::InferenceMode inference;
    tokens::MaskedDecoding options;
    options.rows = options.cols = kGrid;
    tokens::SeededNoise noise({11});
    tokens::RoundObserver nobody;
    at::Tensor last;
    tokens::decode_masked(
        [&](const at::Tensor& tokens, std::int64_t) {
          if (remember) asked->push_back(tokens.clone());
          return last = evaluate(tokens);
        },
        at::full({1, kTokens}, kMasked, at::kLong), options, noise, nobody);
    return last;
  };
  decode(true);
  const auto again = [=] {
    at::Tensor last;
    for (const auto& tokens : *asked) last = evaluate(tokens);
    return last;
  };
  return {[=] { decode(false); }, [=] { again(); }, [=] { return relative_distance(decode(false), again()); }, 1e-6};
}

// A prior that draws 256 tokens, with and without what it has seen kept.
Contest cached() {
  tokens::CausalPriorOptions options;
  options.shape.codes = 512;
  options.shape.rows = options.shape.cols = kGrid;
  options.shape.causal = true;
  const auto prior = std::make_shared<tokens::CausalPrior>(options);
  nn::reset_all(*prior, Rng(5));
  prior->eval();
  const auto noise = tokens::seeded_token_noise({11});
  const auto ours = [=] {
    tokens::DecodingObserver nobody;
    return tokens::decode_causal(*prior, at::full({1, kTokens}, kMasked, at::kLong), {}, noise, {}, nobody);
  };
  const auto peer = [=] {
    const c10::InferenceMode inference;
    at::Tensor tokens = at::empty({1, 0}, at::kLong);
    for (std::int64_t i = 0; i < kTokens; ++i) {
      const at::Tensor logits = prior->logits(tokens, {}).select(1, i);
      tokens = at::cat({tokens, tokens::choose(logits, noise(i, logits.sizes()), {}).unsqueeze(1)}, 1);
    }
    return tokens;
  };
  return {[=] { ours(); }, [=] { peer(); }, [=] { return ours().ne(peer()).to(at::kFloat).mean().item<double>(); }, 0.0};
}

}  // namespace

std::vector<Benchmark> token_benchmarks() {
  const std::string size = "MaskGIT's transformer, 24 layers of 768, ";
  return {{"tokens/forward", size + "257 words", "the network of plain ATen operations", forward, 5},
          {"tokens/rounds", size + "a picture of 8 rounds", "its 8 evaluations alone", rounds, 3},
          {"tokens/causal", "256 tokens from 8 layers of 512, with the cache", "the same without it", cached, 2}};
}

}  // namespace orrery::bench
