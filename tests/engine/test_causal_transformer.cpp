// The causal transformer, its cache, the prior made of it, and drawing tokens from one.
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <torch/csrc/autograd/autograd.h>

#include <QTest>
#include <cmath>
#include <stdexcept>

#include "engine/nn/causal_transformer.h"
#include "engine/nn/reset.h"
#include "engine/parity/case.h"
#include "engine/tokens/cases.h"
#include "engine/tokens/causal_decoding.h"
#include "engine/tokens/causal_prior.h"

using namespace orrery;
using namespace orrery::tokens;

namespace {

nn::CausalTransformerOptions tiny(std::int64_t unmasked = 0) {
  nn::CausalTransformerOptions o;
  o.vocabulary = 7;
  o.positions = 12;
  o.layers = 2;
  o.heads = 2;
  o.width = 16;
  o.unmasked = unmasked;
  return o;
}

// Weights large enough to matter, positions included.
template <class Module>
std::shared_ptr<Module> shaken(std::shared_ptr<Module> net, at::ScalarType type = at::kDouble) {
  const at::NoGradGuard no_grad;
  std::uint64_t number = 0;
  for (auto& item : net->named_parameters()) {
    Rng rng = Rng(7).fork(number++);
    item.value().copy_(rng.normal(item.value().sizes(), at::kFloat).mul_(0.3));
  }
  net->to(type);
  return net;
}

std::shared_ptr<CausalPrior> tiny_prior(at::ScalarType type = at::kDouble) {
  CausalPriorOptions o;
  o.shape.codes = 6;
  o.shape.rows = 3;
  o.shape.cols = 4;
  o.shape.classes = 2;
  o.shape.unconditional = true;
  o.layers = 2;
  o.heads = 2;
  o.width = 16;
  return shaken(std::make_shared<CausalPrior>(o), type);
}

at::Tensor numbers(std::int64_t batch, std::int64_t count, std::int64_t below, std::uint64_t seed = 1) {
  return (Rng(seed).uniform({batch, count}, at::kDouble) * static_cast<double>(below)).to(at::kLong);
}

double apart(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

at::Tensor unknown(std::int64_t batch, std::int64_t count) { return at::full({batch, count}, kMasked, at::kLong); }

TokenCondition of_class(std::vector<double> weights) {
  TokenCondition condition;
  condition.classes = at::tensor(weights, at::kDouble).view({1, -1});
  return condition;
}

struct Recorder : DecodingObserver {
  std::int64_t stop_at = -1, told = 0;
  bool cancelled() override { return stop_at >= 0 && told >= stop_at; }
  void on_token(std::int64_t position, const at::Tensor&) override {
    QCOMPARE(position, told);
    ++told;
  }
};

}  // namespace

class TestCausalTransformer : public QObject {
  Q_OBJECT

  void run(const char* folder) {
    parity::Case reference = parity::Case::load(std::string(ORRERY_TEST_DIR "/vectors/maskgit/") + folder);
    run_gpt_case(reference);
    const auto lines = reference.lines();
    QVERIFY(!lines.empty());
    for (const auto& line : lines) QVERIFY2(line.ok, (line.name + " " + std::to_string(line.max_error) + " " + line.note).c_str());
  }

 private Q_SLOTS:
  void recordedGpt() { run("vqgan_gpt"); }
  void recordedPrefix() { run("vqgan_gpt_prefix"); }

  // What a position says does not change with those after it, and changes with every one before.
  void theJacobianIsZeroAboveTheDiagonal() {
    for (const std::int64_t unmasked : {0, 4}) {
      const auto net = shaken(std::make_shared<nn::CausalTransformer>(tiny(unmasked)));
      const at::Tensor before = Rng(3).normal({1, 9, 16}, at::kDouble).requires_grad_(true);
      const at::Tensor logits = net->forward(at::zeros({1, 0}, at::kLong), before);
      for (std::int64_t i = 0; i < 9; ++i) {
        const at::Tensor gradient = torch::autograd::grad({logits[0][i].sum()}, {before}, {}, true).front()[0].abs().amax(1);
        for (std::int64_t j = 0; j < 9; ++j) {
          const bool sees = j <= i || (i < unmasked && j < unmasked);
          QCOMPARE(gradient[j].item<double>() > 0.0, sees);
        }
      }
    }
  }

  void cachedEqualsUncached() {
    for (const std::int64_t unmasked : {0, 3}) {
      const auto net = shaken(std::make_shared<nn::CausalTransformer>(tiny(unmasked)));
      const at::NoGradGuard no_grad;
      const at::Tensor idx = numbers(2, 10, 7), whole = net->forward(idx);
      const auto cache = net->make_cache(2);
      std::vector<at::Tensor> parts;
      std::int64_t at = 0;
      for (const std::int64_t count : {4, 1, 3, 1, 1}) {
        parts.push_back(net->forward(idx.narrow(1, at, count), {}, cache.get()));
        at += count;
      }
      QVERIFY(apart(at::cat(parts, 1), whole) < 1e-10);
      QCOMPARE(cache->length(), std::int64_t{10});
      cache->truncate(6);
      QVERIFY(apart(net->forward(idx.narrow(1, 6, 4), {}, cache.get()), whole.narrow(1, 6, 4)) < 1e-10);
      QVERIFY_EXCEPTION_THROWN(cache->truncate(11), std::invalid_argument);
      QVERIFY_EXCEPTION_THROWN(net->forward(numbers(2, 3, 7), {}, cache.get()), std::invalid_argument);
    }
    QVERIFY_EXCEPTION_THROWN(nn::CausalTransformer({.heads = 3, .width = 16}), std::invalid_argument);
  }

  void dropoutIsDrawnFromItsStream() {
    auto options = tiny();
    options.dropout = 0.5;
    const auto net = shaken(std::make_shared<nn::CausalTransformer>(options));
    const at::Tensor idx = numbers(2, 5, 7);
    const auto with = [&](std::uint64_t seed) {
      Rng rng(seed);
      return net->forward(idx, {}, nullptr, &rng);
    };
    QVERIFY(with(1).equal(with(1)));
    QVERIFY(!with(1).equal(with(2)) && !with(1).equal(net->forward(idx)));
  }

  void aPriorKeepsTheContract() {
    const auto prior = tiny_prior();
    const at::NoGradGuard no_grad;
    const at::Tensor tokens = numbers(1, 12, 6);
    const TokenCondition cat = of_class({1.0, 0.0});
    const at::Tensor all = prior->logits(tokens, cat);
    QCOMPARE(all.sizes().vec(), (std::vector<std::int64_t>{1, 12, 6}));
    QCOMPARE(prior->logits(tokens.narrow(1, 0, 5), cat).size(1), std::int64_t{6});
    const auto cache = prior->make_cache(1);
    std::vector<at::Tensor> rows{prior->logits(tokens.narrow(1, 0, 0), cat, cache.get())};
    for (std::int64_t i = 0; i < 11; ++i) rows.push_back(prior->logits(tokens.narrow(1, i, 1), cat, cache.get()));
    QVERIFY(apart(at::cat(rows, 1), all) < 1e-5);
    // Classes mix; none, and all zeros, are the empty condition.
    QVERIFY(prior->logits(tokens, of_class({0.0, 0.0})).equal(prior->logits(tokens, {})));
    QVERIFY(apart(all, prior->logits(tokens, of_class({0.0, 1.0}))) > 1e-3 && apart(all, prior->logits(tokens, {})) > 1e-3);
    QVERIFY_EXCEPTION_THROWN(prior->logits(numbers(1, 13, 6), cat), std::invalid_argument);
  }

  void filtersRuleTokensOut() {
    const at::Tensor logits = at::tensor({2.0, 1.0, 1.0, 0.0, -1.0}, at::kDouble);
    const auto kept = [&](const TokenFilter& filter) { return filtered(logits, filter).isfinite().sum().item<std::int64_t>(); };
    QCOMPARE(kept({1.0, 0, 1.0}), std::int64_t{5});
    QCOMPARE(kept({1.0, 1, 1.0}), std::int64_t{1});
    QCOMPARE(kept({1.0, 2, 1.0}), std::int64_t{3});  // equals of the last stay
    QCOMPARE(kept({1.0, 0, 0.5}), std::int64_t{1});  // 0.57
    QCOMPARE(kept({1.0, 0, 0.7}), std::int64_t{2});
    QCOMPARE(kept({1.0, 0, 0.0}), std::int64_t{1});
    QVERIFY(filtered(logits, {0.5, 0, 1.0}).equal(logits * 2.0));
    QCOMPARE(choose(logits, at::full({5}, 100.0, at::kDouble) * at::tensor({0.0, 0.0, 0.0, 0.0, 1.0}, at::kDouble), {0.0, 0, 1.0}).item<std::int64_t>(), std::int64_t{0});
  }

  void drawsFollowTheProbabilities() {
    const at::Tensor logits = at::tensor({1.0, 0.0, -1.0}, at::kDouble), p = at::softmax(logits, 0);
    std::vector<std::uint64_t> seeds;
    for (std::uint64_t i = 0; i < 20000; ++i) seeds.push_back(i);
    const at::Tensor noise = seeded_token_noise(seeds)(5, {20000, 3});
    const at::Tensor share = choose(logits.expand({20000, 3}), noise, {}).bincount({}, 3).to(at::kDouble) / 20000.0;
    QVERIFY(apart(share, p) < 0.012);  // three standard deviations
    QVERIFY(seeded_token_noise({17})(5, {1, 3}).equal(noise.narrow(0, 17, 1)));
    QVERIFY(!seeded_token_noise({17})(6, {1, 3}).equal(noise.narrow(0, 17, 1)));
  }

  void knownTokensStayAndTheRestIsDrawn() {
    const auto prior = tiny_prior(at::kFloat);
    at::Tensor known = unknown(2, 12);
    known.select(1, 3).fill_(5);
    known[1][7] = 2;
    TokenCondition condition;
    condition.classes = at::zeros({2, 2});
    Recorder recorder;
    const at::Tensor tokens = decode_causal(*prior, known, condition, seeded_token_noise({1, 2}), {}, recorder);
    QCOMPARE(recorder.told, std::int64_t{12});
    QVERIFY(tokens.ge(0).all().item<bool>() && tokens.lt(6).all().item<bool>());
    QVERIFY(tokens.select(1, 3).eq(5).all().item<bool>());
    QCOMPARE(tokens[1][7].item<std::int64_t>(), std::int64_t{2});

    Recorder stops;
    stops.stop_at = 4;
    QVERIFY(!decode_causal(*prior, known, condition, seeded_token_noise({1, 2}), {}, stops).defined());
    QCOMPARE(stops.told, std::int64_t{4});
  }

  // Each token is the largest of the whole pass' logits plus its noise; going on from any token gives the same.
  void drawingIsWhatTheWholePassSays() {
    const auto prior = tiny_prior();
    const TokenCondition condition = of_class({0.3, 0.7});
    const TokenNoise noise = seeded_token_noise({9});
    DecodingOptions options;
    options.filter = {0.8, 4, 0.9};
    DecodingObserver nobody;
    const at::Tensor tokens = decode_causal(*prior, unknown(1, 12), condition, noise, options, nobody);
    const at::NoGradGuard no_grad;
    const at::Tensor logits = prior->logits(tokens, condition).to(at::kDouble);
    for (std::int64_t i = 0; i < 12; ++i) QCOMPARE(choose(logits.select(1, i), noise(i, {1, 6}), options.filter).item<std::int64_t>(), tokens[0][i].item<std::int64_t>());
    for (const std::int64_t first : {1, 6, 11}) {
      at::Tensor begun = unknown(1, 12);
      begun.narrow(1, 0, first).copy_(tokens.narrow(1, 0, first));
      DecodingOptions rest = options;
      rest.first = first;
      QVERIFY(decode_causal(*prior, begun, condition, noise, rest, nobody).equal(tokens));
    }
    options.until = 5;
    const at::Tensor part = decode_causal(*prior, unknown(1, 12), condition, noise, options, nobody);
    QVERIFY(part.narrow(1, 0, 5).equal(tokens.narrow(1, 0, 5)) && part.narrow(1, 5, 7).eq(kMasked).all().item<bool>());
  }

  void guidanceLeadsFromNothingToTheClass() {
    const auto prior = tiny_prior();
    const TokenNoise noise = seeded_token_noise({4});
    DecodingObserver nobody;
    const auto drawn = [&](const TokenCondition& condition, double scale) {
      DecodingOptions options;
      options.guidance = scale;
      return decode_causal(*prior, unknown(1, 12), condition, noise, options, nobody);
    };
    QVERIFY(drawn(of_class({1.0, 0.0}), 0.0).equal(drawn(of_class({0.0, 0.0}), 1.0)));
    QVERIFY(drawn(of_class({1.0, 0.0}), 0.0).equal(drawn(of_class({0.0, 1.0}), 0.0)));
    QVERIFY(!drawn(of_class({1.0, 0.0}), 8.0).equal(drawn(of_class({0.0, 1.0}), 8.0)));
    QVERIFY_EXCEPTION_THROWN(drawn({}, 2.0), std::invalid_argument);
  }
};

QTEST_GUILESS_MAIN(TestCausalTransformer)
#include "test_causal_transformer.moc"
