// MaskGIT's transformer: the published numbers, the contract of a masked TokenModel, flax names.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <QTest>

#include "engine/api/result.h"
#include "engine/io/module_weights.h"
#include "engine/nn/bert_transformer.h"
#include "engine/parity/case.h"

using namespace orrery;

namespace {

nn::BertOptions tiny() {
  nn::BertOptions o;
  o.codes = 11;
  o.classes = 3;
  o.rows = 2;
  o.cols = 3;
  o.width = 16;
  o.layers = 2;
  o.heads = 2;
  o.mlp_width = 24;
  o.unconditional = true;
  return o;
}

std::shared_ptr<nn::BertTransformer> network() {
  const auto net = std::make_shared<nn::BertTransformer>(tiny());
  nn::reset_all(*net, Rng(5));
  net->eval();
  return net;
}

at::Tensor some_tokens() { return at::tensor({3, -1, 10, -1, 0, 7}, at::kLong).view({1, 6}); }

}  // namespace

class TestBertTransformer : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void recordedCase() {
    std::vector<std::string> unknown;
    const auto reports = parity::run_folder(ORRERY_TEST_DIR "/vectors/maskgit/transformer", "cpu", unknown);
    QCOMPARE(reports.size(), std::size_t{1});
    QVERIFY(reports[0].lines.size() > 80);
    for (const auto& line : reports[0].lines) QVERIFY2(line.ok, (line.name + " " + line.note).c_str());
    QVERIFY2(reports[0].ok, reports[0].error.c_str());
  }

  // logits() is word_logits() of the class and the tokens, without the class's row and the words that are no codes.
  void logitsAreThoseOfTheWholeSequence() {
    const at::NoGradGuard no_grad;
    const auto net = network();
    TokenCondition condition;
    condition.classes = at::tensor({0.0, 1.0, 0.0}, at::kFloat).view({1, 3});
    const at::Tensor own = net->logits(some_tokens(), condition);
    const at::Tensor all = net->word_logits(at::cat({at::full({1, 1}, 11 + 1, at::kLong), some_tokens()}, 1));
    QCOMPARE(own.sizes().vec(), (std::vector<std::int64_t>{1, 6, 11}));
    QVERIFY((own - all.narrow(1, 1, 6).narrow(2, 0, 11)).abs().max().item<double>() < 1e-5);
    // The empty condition is the mask in the class's place; no classes, zero weights: the same.
    const at::Tensor empty = net->logits(some_tokens(), {}), masked = net->word_logits(at::cat({at::full({1, 1}, -1, at::kLong), some_tokens()}, 1));
    QVERIFY((empty - masked.narrow(1, 1, 6).narrow(2, 0, 11)).abs().max().item<double>() < 1e-5);
    condition.classes = at::zeros({1, 3});
    QVERIFY((net->logits(some_tokens(), condition) - empty).abs().max().item<double>() < 1e-6);
    QVERIFY((own - empty).abs().max().item<double>() > 1e-3);
  }

  // Every position sees every other: before and after.
  void looksInBothDirections() {
    const at::NoGradGuard no_grad;
    const auto net = network();
    const at::Tensor before = net->logits(some_tokens(), {});
    for (std::int64_t changed = 0; changed < 6; ++changed) {
      at::Tensor tokens = some_tokens();
      tokens[0][changed] = 5;
      const at::Tensor moved = (net->logits(tokens, {}) - before).abs().amax({0, 2});
      QVERIFY(moved.min().item<double>() > 1e-6);
    }
  }

  void flaxNamesGoThereAndBack() {
    const auto net = network();
    const auto own = io::named_weights(*net);
    const auto flax = nn::bert_to_flax(own, net->options());
    QCOMPARE(flax.at("params/TransformerLayer_1/Attention_0/self_attention/key/kernel").sizes().vec(), (std::vector<std::int64_t>{16, 2, 8}));
    const auto back = nn::bert_from_flax(flax, net->options());
    QCOMPARE(back.size(), own.size());
    for (const auto& [name, tensor] : own) QVERIFY2(tensor.equal(back.at(name)), name.c_str());
    auto wrong = flax;
    wrong["params/extra/kernel"] = at::zeros({1});
    QVERIFY_THROWS_EXCEPTION(Error, nn::bert_from_flax(wrong, net->options()));
    wrong = flax;
    wrong.erase("params/MlmLayer_0/mlm_bias/bias");
    QVERIFY_THROWS_EXCEPTION(Error, nn::bert_from_flax(wrong, net->options()));
  }

  // The same draws drop the same features; without draws nothing is dropped.
  void dropoutIsDrawnFromItsStream() {
    const auto net = network();
    Rng a(1), b(1), c(2);
    TokenCondition condition;
    condition.dropout = &a;
    const at::Tensor first = net->logits(some_tokens(), condition);
    condition.dropout = &b;
    QVERIFY(first.equal(net->logits(some_tokens(), condition)));
    condition.dropout = &c;
    QVERIFY(!first.equal(net->logits(some_tokens(), condition)));
    QVERIFY(net->logits(some_tokens(), {}).equal(net->logits(some_tokens(), {})));
  }

  void refusesWhatDoesNotFit() {
    const auto net = network();
    QVERIFY_THROWS_EXCEPTION(Error, net->logits(at::zeros({1, 5}, at::kLong), {}));
    auto o = tiny();
    o.heads = 3;
    QVERIFY_THROWS_EXCEPTION(Error, nn::BertTransformer{o});
    o = tiny();
    o.vocabulary = 12;
    QVERIFY_THROWS_EXCEPTION(Error, nn::BertTransformer{o});
  }
};

QTEST_GUILESS_MAIN(TestBertTransformer)
#include "test_bert_transformer.moc"
