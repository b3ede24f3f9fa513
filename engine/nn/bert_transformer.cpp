#include "engine/nn/bert_transformer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/gelu.h>
#include <ATen/ops/layer_norm.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "engine/api/result.h"

namespace orrery::nn {
namespace {

constexpr double kEps = 1e-12;

// Standard deviation of every weight at the start: 0.02 at the published width of 768, and what keeps the layers' outputs as large at others.
double spread(std::int64_t width) { return 0.02 * std::sqrt(768.0 / static_cast<double>(width)); }

std::shared_ptr<Linear> dense(std::int64_t in, std::int64_t out, std::int64_t width) {
  Init init;
  init.law = Init::Law::kaiming_normal;
  init.weight = spread(width) * std::sqrt(static_cast<double>(in));
  return std::make_shared<Linear>(in, out, true, init);
}

}  // namespace

struct BertTransformer::Norm : torch::nn::Module, Resettable {
  explicit Norm(std::int64_t width) {
    weight = register_parameter("weight", at::ones({width}));
    bias = register_parameter("bias", at::zeros({width}));
  }
  at::Tensor forward(const at::Tensor& x) const { return at::layer_norm(x, weight.sizes(), weight, bias, kEps); }
  void reset_weights(Rng) override {
    weight.fill_(1.0);
    bias.zero_();
  }
  at::Tensor weight, bias;
};

// What a pass goes with. `tap` sees the published modules' outputs, by their names.
struct BertTransformer::Pass {
  std::int64_t batch, length;
  Rng* dropout;
  double rate;
  const LayerTap& tap;

  at::Tensor seen(const std::string& name, at::Tensor x) const {
    if (tap) tap(name, x.reshape({batch, length, x.size(-1)}));
    return x;
  }
  at::Tensor dropped(const std::string& name, at::Tensor x) const {
    if (dropout == nullptr || rate <= 0.0) return seen(name, std::move(x));
    const at::Tensor kept = dropout->uniform(x.sizes(), x.options().requires_grad(false)).ge(rate);
    return x * kept.to(x.scalar_type()).div_(1.0 - rate);
  }
};

struct BertTransformer::Layer : torch::nn::Module {
  Layer(const BertOptions& o, std::int64_t number) : heads(o.heads), name("TransformerLayer_" + std::to_string(number)) {
    qkv = register_module("qkv", dense(o.width, 3 * o.width, o.width));
    attention_out = register_module("attention_out", dense(o.width, o.width, o.width));
    attention_norm = register_module("attention_norm", std::make_shared<Norm>(o.width));
    mlp_in = register_module("mlp_in", dense(o.width, o.mlp_width, o.width));
    mlp_out = register_module("mlp_out", dense(o.mlp_width, o.width, o.width));
    mlp_norm = register_module("mlp_norm", std::make_shared<Norm>(o.width));
  }

  // x [N * S, width]
  at::Tensor forward(const at::Tensor& x, const Pass& pass) const {
    const auto width = x.size(1), per_head = width / heads;
    const std::string attention = name + "/Attention_0/", self = attention + "self_attention", mlp = name + "/Mlp_0/";
    const at::Tensor joint = qkv->forward(x).view({pass.batch, pass.length, 3, heads, per_head});
    if (pass.tap) {
      int part = 0;
      for (const char* which : {"/query", "/key", "/value"}) pass.tap(self + which, joint.select(2, part++));
    }
    const at::Tensor split = joint.permute({2, 0, 3, 1, 4}).contiguous();  // [3, N, heads, S, per head]
    const at::Tensor mixed = at::scaled_dot_product_attention(split[0], split[1], split[2]);
    at::Tensor y = attention_out->forward(mixed.transpose(1, 2).reshape({-1, width}));
    for (const char* same : {"/out", "", "#2"}) y = pass.seen(self + same, y);
    y = pass.dropped(attention + "Dropout_0", y);
    const at::Tensor h = pass.seen(attention + "attention_output_ln", attention_norm->forward(scaled_sum(std::move(y), x, 1.0)));
    pass.seen(name + "/Attention_0", h);
    at::Tensor inner = pass.seen(mlp + "intermediate_output", mlp_in->forward(h));
    inner = at::GradMode::is_enabled() || pass.tap ? at::gelu(inner, "tanh") : at::gelu_(inner, "tanh");
    y = pass.dropped(mlp + "Dropout_0", pass.seen(mlp + "layer_output", mlp_out->forward(inner)));
    const at::Tensor out = pass.seen(mlp + "layer_output_ln", mlp_norm->forward(scaled_sum(std::move(y), h, 1.0)));
    pass.seen(name + "/Mlp_0", out);
    return pass.seen(name, out);
  }

  std::int64_t heads;
  std::string name;
  std::shared_ptr<Linear> qkv, attention_out, mlp_in, mlp_out;
  std::shared_ptr<Norm> attention_norm, mlp_norm;
};

BertTransformer::~BertTransformer() = default;

BertTransformer::BertTransformer(const BertOptions& options) : options_(options) {
  auto& o = options_;
  const auto refuse = [](const std::string& why) { return Error(ErrorCode::wrong_use, "The transformer cannot be built: " + why + ".", "Nothing was started."); };
  if (o.codes < 1 || o.classes < 0 || o.rows < 1 || o.cols < 1) throw refuse("it needs at least one code and one token");
  if (o.heads < 1 || o.width % o.heads != 0) throw refuse("its width " + std::to_string(o.width) + " is no multiple of its " + std::to_string(o.heads) + " heads");
  if (o.vocabulary == 0) o.vocabulary = o.codes + o.classes + 1;
  if (o.vocabulary < o.codes + o.classes + 1) throw refuse("its vocabulary has no room for the codes, the classes and the mask");
  const auto table = [this](const char* name, std::int64_t rows) {
    return register_module(name, std::make_shared<torch::nn::Module>())->register_parameter("weight", at::zeros({rows, options_.width}));
  };
  words_ = table("words", o.vocabulary);
  if (o.positions == 0) o.positions = 1 + o.rows * o.cols;
  if (o.positions < 1 + o.rows * o.cols) throw refuse("it has fewer positions than tokens");
  positions_ = table("positions", o.positions);
  norm_in_ = register_module("norm_in", std::make_shared<Norm>(o.width));
  const auto list = register_module("layers", std::make_shared<torch::nn::Module>());
  for (std::int64_t i = 0; i < o.layers; ++i) layers_.push_back(list->register_module(std::to_string(i), std::make_shared<Layer>(o, i)));
  const auto head = register_module("head", std::make_shared<torch::nn::Module>());
  dense_ = head->register_module("dense", dense(o.width, o.width, o.width));
  head_norm_ = head->register_module("norm", std::make_shared<Norm>(o.width));
  bias_ = head->register_parameter("bias", at::zeros({o.vocabulary}));
}

void BertTransformer::reset_weights(Rng rng) {
  words_.copy_(rng.fork("words").normal(words_.sizes(), words_.options().requires_grad(false))).mul_(spread(options_.width));
  positions_.copy_(rng.fork("positions").normal(positions_.sizes(), positions_.options().requires_grad(false))).mul_(spread(options_.width));
  bias_.zero_();
}

TokenShape BertTransformer::shape() const {
  TokenShape shape;
  shape.codes = options_.codes;
  shape.rows = options_.rows;
  shape.cols = options_.cols;
  shape.classes = options_.classes;
  shape.unconditional = options_.unconditional && options_.classes > 0;
  return shape;
}

// embedded [N, S, width] -> [N * S, width]
at::Tensor BertTransformer::encode(const at::Tensor& embedded, const Pass& pass) const {
  const at::Tensor positions = positions_.narrow(0, 0, pass.length).unsqueeze(0);
  if (pass.tap) pass.tap("Embed_0/position_embeddings", positions);
  at::Tensor h = pass.seen("Embed_0/embeddings_ln", norm_in_->forward((embedded + positions).view({-1, options_.width})));
  h = pass.dropped("Embed_0/Dropout_0", h);
  pass.seen("Embed_0", h);
  for (const auto& layer : layers_) h = layer->forward(h, pass);
  return h;
}

// h [rows, width] -> logits of the first `words` words.
at::Tensor BertTransformer::head(const at::Tensor& h, std::int64_t words, const Pass& pass) const {
  const at::Tensor inner = at::gelu(pass.seen("MlmLayer_0/mlm_dense", dense_->forward(h)), "tanh");
  const at::Tensor normed = pass.seen("MlmLayer_0/mlm_ln", head_norm_->forward(inner));
  const at::Tensor out = at::addmm(bias_.narrow(0, 0, words), normed, words_.narrow(0, 0, words).t());
  for (const char* same : {"MlmLayer_0/mlm_bias", "MlmLayer_0"}) pass.seen(same, out);
  return out;
}

at::Tensor BertTransformer::logits(const at::Tensor& tokens, const TokenCondition& condition, TokenCache*) {
  const auto n = tokens.size(0), length = options_.rows * options_.cols, mask = options_.vocabulary - 1;
  if (tokens.dim() != 2 || tokens.size(1) != length)
    throw Error(ErrorCode::wrong_use, "This model wants " + std::to_string(length) + " tokens a picture, not " + std::to_string(tokens.dim() == 2 ? tokens.size(1) : 0) + ".", "Nothing was computed.");
  const at::Tensor inner = at::embedding(words_, at::where(tokens.lt(0), mask, tokens));
  at::Tensor first = words_.narrow(0, mask, 1).expand({n, -1});
  if (condition.classes.defined() && options_.classes > 0) {
    const at::Tensor weights = condition.classes.to(words_.options().requires_grad(false));
    first = at::matmul(weights, words_.narrow(0, options_.codes, options_.classes)) + (1.0 - weights.sum(1, true)) * first;
  }
  const LayerTap none;
  const Pass pass{n, 1 + length, condition.dropout, options_.dropout, none};
  const at::Tensor h = encode(at::cat({first.unsqueeze(1), inner}, 1), pass).view({n, 1 + length, options_.width});
  const at::Tensor out = head(h.narrow(1, 1, length).reshape({n * length, options_.width}), options_.codes, pass);
  return out.view({n, length, options_.codes});
}

at::Tensor BertTransformer::word_logits(const at::Tensor& words, const LayerTap& tap) {
  const Pass pass{words.size(0), words.size(1), nullptr, 0.0, tap};
  const at::Tensor embedded = pass.seen("Embed_0/word_embeddings", at::embedding(words_, at::where(words.lt(0), options_.vocabulary - 1, words)));
  return head(encode(embedded, pass), options_.vocabulary, pass).view({words.size(0), words.size(1), options_.vocabulary});
}

}  // namespace orrery::nn
