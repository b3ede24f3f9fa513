#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/stack.h>

#include "engine/io/module_weights.h"
#include "engine/nn/causal_transformer.h"
#include "engine/parity/arguments.h"
#include "engine/tokens/cases.h"
#include "engine/tokens/causal_decoding.h"

namespace orrery::tokens {
namespace {

nn::CausalTransformerOptions options_of(const parity::Case& reference) {
  nn::CausalTransformerOptions o;
  o.mask_buffers = true;
  parity::Arguments args(reference.args(), "args");
  args.read("vocab_size", o.vocabulary);
  args.read("block_size", o.positions);
  args.read("n_layer", o.layers);
  args.read("n_head", o.heads);
  args.read("n_embd", o.width);
  args.read("n_unmasked", o.unmasked);
  args.done();
  return o;
}

std::shared_ptr<nn::CausalTransformer> loaded(const parity::Case& reference, at::ScalarType type) {
  const auto net = std::make_shared<nn::CausalTransformer>(options_of(reference));
  io::load_weights(*net, reference.weights);
  net->to(type);
  return net;
}

void run_pass(parity::Case& reference, at::ScalarType type) {
  const auto net = loaded(reference, type);
  const std::string suffix = type == at::kDouble ? "_f64" : "";
  const LayerTap tap = type == at::kFloat ? LayerTap([&](const std::string& name, const at::Tensor& x) { reference.report("tap." + name, x); }) : LayerTap();
  const at::Tensor logits = net->forward(reference.in("in.idx"), {}, nullptr, nullptr, tap);
  const at::Tensor loss = at::cross_entropy_loss(logits.flatten(0, 1), reference.in("in.targets").flatten());
  reference.report("out.logits" + suffix, logits);
  reference.report("out.loss" + suffix, loss);
  if (type == at::kDouble) return;
  loss.backward();
  for (const auto& item : net->named_parameters()) reference.report("grad." + item.key(), item.value().grad());
}

// The plain transformer, whose first token is given, in the shape that decode_causal asks for.
class Plain : public TokenModel {
 public:
  explicit Plain(std::shared_ptr<nn::CausalTransformer> net) : net_(std::move(net)) {}
  TokenShape shape() const override { return {}; }
  at::Tensor logits(const at::Tensor& tokens, const TokenCondition&, TokenCache* cache) override {
    if (tokens.size(1) == 0) return tokens.unsqueeze(2);  // it says nothing of a first token
    return net_->forward(tokens, {}, dynamic_cast<nn::KeyValueCache*>(cache));
  }
  std::unique_ptr<TokenCache> make_cache(std::int64_t batch) const override { return net_->make_cache(batch); }

 private:
  std::shared_ptr<nn::CausalTransformer> net_;
};

at::Tensor draw(TokenModel& model, const at::Tensor& start, std::int64_t steps, const TokenFilter& filter, const at::Tensor& exponential) {
  const std::int64_t given = start.size(1);
  const at::Tensor known = at::cat({start, start.new_full({start.size(0), steps}, kMasked)}, 1);
  DecodingOptions options;
  options.filter = filter;
  options.first = given;
  DecodingObserver nobody;
  return decode_causal(model, known, {}, [&](std::int64_t position, at::IntArrayRef) { return -exponential[position - given].log(); }, options, nobody);
}

void run_decoding(parity::Case& reference) {
  const auto net = loaded(reference, at::kFloat);
  const at::Tensor idx = reference.in("in.idx");
  reference.report("out.logits_embeddings", net->forward(idx, reference.in("in.embeddings")));
  if (!reference.has("out.sample")) return;
  const auto cache = net->make_cache(idx.size(0));
  net->forward(idx.narrow(1, 0, 3), {}, cache.get());
  std::vector<at::Tensor> present;
  for (std::size_t i = 0; i < static_cast<std::size_t>(net->options().layers); ++i) present.push_back(at::stack({cache->keys(i), cache->values(i)}));
  reference.report("tap.present", at::stack(present));
  reference.report("out.logits_past", net->forward(idx.narrow(1, 3, 1), {}, cache.get()));

  Plain model(net);
  const at::Tensor drawn = reference.in("in.sample_exponential"), past = reference.in("in.past_exponential");
  reference.report("out.sample", draw(model, idx.narrow(1, 0, 3), drawn.size(0), {0.9, 4, 1.0}, drawn));
  const at::Tensor start = idx.narrow(1, 0, 1);
  const auto without_start = [&](const at::Tensor& tokens) { return tokens.narrow(1, 1, tokens.size(1) - 1); };
  reference.report("out.sample_with_past", without_start(draw(model, start, past.size(0), {1.1, 0, 1.0}, past)));
  reference.report("out.greedy", without_start(draw(model, start, past.size(0), {0.0, 0, 1.0}, past)));
}

}  // namespace

void run_gpt_case(parity::Case& reference) {
  run_pass(reference, at::kFloat);
  run_pass(reference, at::kDouble);
  const at::NoGradGuard no_grad;
  run_decoding(reference);
}

}  // namespace orrery::tokens
