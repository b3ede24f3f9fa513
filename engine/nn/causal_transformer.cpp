#include "engine/nn/causal_transformer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <stdexcept>
#include <string>

namespace orrery::nn {
namespace {

constexpr double kDeviation = 0.02;

class LayerNorm : public torch::nn::Module, public Resettable {
 public:
  explicit LayerNorm(std::int64_t width) {
    weight = register_parameter("weight", at::ones({width}));
    bias = register_parameter("bias", at::zeros({width}));
  }
  at::Tensor forward(const at::Tensor& x) const { return at::layer_norm(x, weight.sizes(), weight, bias, 1e-5); }
  void reset_weights(Rng) override {
    weight.fill_(1.0);
    bias.zero_();
  }
  at::Tensor weight, bias;
};

class Affine : public torch::nn::Module, public Resettable {
 public:
  Affine(std::int64_t in, std::int64_t out, bool with_bias) {
    weight = register_parameter("weight", at::zeros({out, in}));
    if (with_bias) bias = register_parameter("bias", at::zeros({out}));
  }
  at::Tensor forward(const at::Tensor& x) const { return at::linear(x, weight, bias); }
  void reset_weights(Rng rng) override {
    weight.copy_(rng.normal(weight.sizes(), weight.options().requires_grad(false)).mul_(kDeviation));
    if (bias.defined()) bias.zero_();
  }
  at::Tensor weight, bias;
};

// bool [rows, columns]: whether position past + row sees position column.
at::Tensor mask_of(std::int64_t past, std::int64_t rows, std::int64_t unmasked, const at::Device& device) {
  const std::int64_t columns = past + rows;
  at::Tensor mask = at::ones({rows, columns}, at::TensorOptions().dtype(at::kBool).device(device)).tril_(past);
  if (unmasked > past) mask.narrow(0, 0, std::min(unmasked - past, rows)).narrow(1, 0, std::min(unmasked, columns)).fill_(true);
  return mask;
}

at::Tensor dropped(const at::Tensor& x, double share, Rng* rng) {
  if (rng == nullptr || share <= 0.0) return x;
  const at::Tensor kept = rng->uniform(x.sizes(), x.options().requires_grad(false)).ge(share);
  return x * kept.to(x.scalar_type()).div_(1.0 - share);
}

struct Pass {
  KeyValueCache* cache;
  Rng* dropout;
  const LayerTap& tap;
  at::Tensor mask;  // undefined: plainly causal
};

}  // namespace

class AttentionBlock : public torch::nn::Module {
 public:
  AttentionBlock(const CausalTransformerOptions& o, std::size_t number) : options_(o), number_(number) {
    ln1_ = register_module("ln1", std::make_shared<LayerNorm>(o.width));
    ln2_ = register_module("ln2", std::make_shared<LayerNorm>(o.width));
    const auto attention = register_module("attn", std::make_shared<torch::nn::Module>());
    key_ = attention->register_module("key", std::make_shared<Affine>(o.width, o.width, true));
    query_ = attention->register_module("query", std::make_shared<Affine>(o.width, o.width, true));
    value_ = attention->register_module("value", std::make_shared<Affine>(o.width, o.width, true));
    proj_ = attention->register_module("proj", std::make_shared<Affine>(o.width, o.width, true));
    if (o.mask_buffers)
      attention->register_buffer("mask", mask_of(0, o.positions, o.unmasked, at::kCPU).to(at::kFloat).unsqueeze(0).unsqueeze(0));
    const auto mlp = register_module("mlp", std::make_shared<torch::nn::Module>());
    up_ = mlp->register_module("0", std::make_shared<Affine>(o.width, 4 * o.width, true));
    down_ = mlp->register_module("2", std::make_shared<Affine>(4 * o.width, o.width, true));
  }

  at::Tensor forward(const at::Tensor& x, const Pass& pass) const {
    const auto name = [&](const char* part) { return "blocks." + std::to_string(number_) + part; };
    const auto seen = [&](const char* part, at::Tensor value) {
      if (pass.tap) pass.tap(name(part), value);
      return value;
    };
    const at::Tensor first = seen(".ln1", ln1_->forward(x)), attended = seen(".attn", attention(first, pass));
    const at::Tensor middle = x + dropped(attended, options_.dropout, pass.dropout);
    const at::Tensor added = seen(".mlp", down_->forward(at::gelu(up_->forward(ln2_->forward(middle)))));
    return seen("", middle + dropped(added, options_.dropout, pass.dropout));
  }

 private:
  at::Tensor attention(const at::Tensor& x, const Pass& pass) const {
    const std::int64_t n = x.size(0), rows = x.size(1), dim = options_.width / options_.heads;
    const auto heads = [&](const at::Tensor& y) { return y.view({n, rows, options_.heads, dim}).transpose(1, 2); };
    const at::Tensor q = heads(query_->forward(x));
    at::Tensor k = heads(key_->forward(x)), v = heads(value_->forward(x));
    if (pass.cache != nullptr) {
      const std::int64_t past = pass.cache->length_;
      at::Tensor &keys = pass.cache->keys_[number_], &values = pass.cache->values_[number_];
      keys.narrow(2, past, rows).copy_(k);
      values.narrow(2, past, rows).copy_(v);
      k = keys.narrow(2, 0, past + rows);
      v = values.narrow(2, 0, past + rows);
    }
    return proj_->forward(mixed(q, k, v, pass).transpose(1, 2).reshape({n, rows, options_.width}));
  }

  static at::Tensor mixed(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const Pass& pass) {
    // One new position sees everything: two products of a vector with a matrix.
    if (q.size(2) == 1) return at::matmul(at::softmax(at::matmul(q, k.transpose(2, 3)).mul_(1.0 / std::sqrt(static_cast<double>(q.size(3)))), -1), v);
    if (pass.mask.defined()) return at::scaled_dot_product_attention(q, k, v, pass.mask);
    return at::scaled_dot_product_attention(q, k, v, {}, 0.0, /*is_causal=*/true);
  }

  CausalTransformerOptions options_;
  std::size_t number_;
  std::shared_ptr<LayerNorm> ln1_, ln2_;
  std::shared_ptr<Affine> key_, query_, value_, proj_, up_, down_;
};

KeyValueCache::KeyValueCache(const CausalTransformerOptions& o, std::int64_t batch, const at::TensorOptions& tensors) {
  for (std::int64_t i = 0; i < o.layers; ++i) {
    keys_.push_back(at::empty({batch, o.heads, o.positions, o.width / o.heads}, tensors));
    values_.push_back(at::empty({batch, o.heads, o.positions, o.width / o.heads}, tensors));
  }
}

void KeyValueCache::truncate(std::int64_t length) {
  if (length < 0 || length > length_) throw std::invalid_argument("a cache can only be cut back to a length it has reached");
  length_ = length;
}

CausalTransformer::CausalTransformer(const CausalTransformerOptions& o) : options_(o) {
  if (o.heads < 1 || o.width % o.heads != 0) throw std::invalid_argument("the width of a transformer must be a multiple of its heads");
  positions_ = register_parameter("pos_emb", at::zeros({1, o.positions, o.width}));
  tokens_ = register_module("tok_emb", std::make_shared<Embedding>(o.vocabulary, o.width, o.embedding_deviation));
  const auto list = register_module("blocks", std::make_shared<torch::nn::Module>());
  for (std::size_t i = 0; i < static_cast<std::size_t>(o.layers); ++i) blocks_.push_back(list->register_module(std::to_string(i), std::make_shared<AttentionBlock>(o, i)));
  norm_ = register_module("ln_f", std::make_shared<LayerNorm>(o.width));
  head_ = register_module("head", std::make_shared<Affine>(o.width, o.outputs > 0 ? o.outputs : o.vocabulary, false));
}

CausalTransformer::~CausalTransformer() = default;

void CausalTransformer::reset_weights(Rng rng) {
  positions_.copy_(rng.fork("positions").normal(positions_.sizes(), positions_.options().requires_grad(false)).mul_(options_.embedding_deviation));
}

std::unique_ptr<KeyValueCache> CausalTransformer::make_cache(std::int64_t batch) const {
  return std::make_unique<KeyValueCache>(options_, batch, positions_.options().requires_grad(false));
}

at::Tensor CausalTransformer::forward(const at::Tensor& numbers, const at::Tensor& before, KeyValueCache* cache, Rng* dropout, const LayerTap& tap,
                                      const at::Tensor& everywhere) const {
  const auto seen = [&tap](const char* name, at::Tensor value) {
    if (tap) tap(name, value);
    return value;
  };
  at::Tensor x = seen("tok_emb", tokens_->forward(numbers));
  if (before.defined()) x = numbers.size(1) > 0 ? at::cat({before, x}, 1) : before;
  if (everywhere.defined()) x = x + everywhere;
  const std::int64_t past = cache != nullptr ? cache->length_ : 0, rows = x.size(1);
  if (past + rows > options_.positions) throw std::invalid_argument("the sequence is longer than the transformer's positions");
  if (cache != nullptr && at::GradMode::is_enabled() && positions_.requires_grad()) throw std::invalid_argument("a cache is for passes without derivatives");
  x = dropped(x + positions_.narrow(1, past, rows), options_.dropout, dropout);
  Pass pass{cache, dropout, tap, {}};
  if (rows > 1 && (past > 0 || options_.unmasked > 0)) pass.mask = mask_of(past, rows, options_.unmasked, x.device());
  for (const auto& block : blocks_) x = block->forward(x, pass);
  if (cache != nullptr) cache->length_ += rows;
  return static_cast<const Affine&>(*head_).forward(seen("ln_f", static_cast<const LayerNorm&>(*norm_).forward(x)));
}

}  // namespace orrery::nn
