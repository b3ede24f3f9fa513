// Quantisers: nearest codes, their losses and derivatives, both rules a codebook learns by, Gumbel noise, renumbering, statistics, orders.
#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <QTest>
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "engine/api/result.h"
#include "engine/nn/reset.h"
#include "engine/parity/case.h"
#include "engine/tokens/cases.h"
#include "engine/tokens/code_remap.h"
#include "engine/tokens/code_statistics.h"
#include "engine/tokens/gumbel_quantizer.h"
#include "engine/tokens/permuter.h"
#include "engine/tokens/quantizer.h"
#include "engine/tokens/token_network.h"

using namespace orrery;
using namespace orrery::tokens;

namespace {

at::Tensor normal(std::uint64_t seed, std::vector<std::int64_t> shape, at::ScalarType type = at::kDouble) { return Rng(seed).normal(shape, type); }

at::Tensor whole(std::vector<std::int64_t> values, std::vector<std::int64_t> shape = {-1}) { return at::tensor(values, at::kLong).view(shape); }
at::Tensor real(std::vector<double> values, std::vector<std::int64_t> shape = {-1}) { return at::tensor(values, at::kDouble).view(shape); }

bool close(const at::Tensor& a, const at::Tensor& b, double tolerance = 1e-12) { return (a - b).abs().max().item<double>() <= tolerance; }

// A codebook and a decoder that shows each vector as a grey value.
struct Plain : Autoencoder {
  explicit Plain(std::int64_t codes) { book = register_parameter("book", normal(3, {codes, 2}, at::kFloat)); }
  AutoencoderShape shape() const override { return {1, 4, {{2, 2, book.size(0)}}}; }
  std::vector<at::Tensor> encode(const at::Tensor& x) override { return {at::cat({x, x}, 1).slice(2, 0, {}, 2).slice(3, 0, {}, 2)}; }
  at::Tensor decode(const std::vector<at::Tensor>& latents) override { return latents[0].mean(1, true).repeat_interleave(2, 2).repeat_interleave(2, 3); }
  at::Tensor codebook(std::int64_t) const override { return book; }
  at::Tensor book;
};

struct Prior : TokenModel {
  explicit Prior(TokenShape s) : shape_(s) {}
  TokenShape shape() const override { return shape_; }
  at::Tensor logits(const at::Tensor&, const TokenCondition&, TokenCache*) override { return {}; }
  TokenShape shape_;
};

}  // namespace

class TestQuantizer : public QObject {
  Q_OBJECT

  void run(const char* folder, void (*handler)(parity::Case&)) {
    parity::Case reference = parity::Case::load(std::string(ORRERY_TEST_DIR "/vectors/") + folder);
    handler(reference);
    const auto lines = reference.lines();
    QVERIFY(!lines.empty());
    for (const auto& line : lines) QVERIFY2(line.ok, (line.name + " " + std::to_string(line.max_error) + " " + line.note).c_str());
  }

 private Q_SLOTS:
  void recordedEmaQuantizer() { run("vqvae/quantizer", run_ema_quantizer_case); }
  void recordedVqganQuantizer() { run("maskgit/vqgan_quantizer", run_vqgan_quantizer_case); }
  void recordedGumbelVq() { run("maskgit/gumbel_vq", run_gumbel_vq_case); }
  void recordedPermuter() { run("maskgit/vqgan_permuter", run_permuter_case); }

  // The whole system: autoencoders with gradients and steps, PixelCNN++.
  void recordedCasesOfVqVae() {
    std::vector<std::string> unknown;
    const auto reports = parity::run_folder(ORRERY_TEST_DIR "/vectors/vqvae", "cpu", unknown);
    QCOMPARE(reports.size(), std::size_t{5});
    QVERIFY(unknown.empty());
    for (const auto& report : reports) {
      for (const auto& line : report.lines) QVERIFY2(line.ok, (report.folder + " " + line.name + " " + std::to_string(line.max_error) + " " + line.note).c_str());
      QVERIFY2(report.ok, (report.folder + " " + report.error).c_str());
    }
  }

  void theNearestCodeIsChosenTheFirstOfEquals() {
    const at::Tensor rows = (normal(1, {3, 4, 5}) * 3.0).round(), half = (normal(2, {7, 5}) * 3.0).round();  // whole: no rounding, many equals
    const at::Tensor codes = nearest_codes(rows, half);
    const at::Tensor distances = (rows.unsqueeze(2) - half).square().sum(-1);
    QVERIFY(codes.equal(distances.argmin(-1)));
    QVERIFY(nearest_codes(rows, at::cat({half, half})).equal(codes));
    QVERIFY(look_up(codes, half).equal(half.index_select(0, codes.flatten()).view({3, 4, 5})));
  }

  void straightThroughIsTheIdentity() {
    const auto made = std::make_shared<GradientQuantizer>(6, 4);
    GradientQuantizer& quantizer = *made;
    nn::reset_all(quantizer, Rng(5));
    quantizer.to(at::kDouble);
    const at::Tensor x = normal(1, {2, 3, 4}).requires_grad_(true), cotangent = normal(2, {2, 3, 4});
    const Quantized q = quantizer.quantize(x);
    (q.vectors * cotangent).sum().backward();
    QVERIFY(x.grad().equal(cotangent));
    QVERIFY(!quantizer.codebook().grad().defined());
    QVERIFY(close(q.vectors, q.looked_up));
    QVERIFY(q.looked_up.equal(look_up(q.codes, quantizer.codebook())));
  }

  void lossesMoveOnlyTheirOwn() {
    const at::Tensor x = normal(1, {2, 3, 4}).requires_grad_(true), book = normal(2, {5, 4}).requires_grad_(true);
    const at::Tensor q = look_up(nearest_codes(x, book), book);
    commitment_loss(x, q).sum().backward();
    QVERIFY(x.grad().defined() && !book.grad().defined());
    x.mutable_grad() = at::Tensor();
    codebook_loss(x, q).sum().backward();
    QVERIFY(!x.grad().defined() && book.grad().abs().sum().item<double>() > 0.0);
    QVERIFY(close(vqgan_loss(x, q, 0.25, true), vqgan_loss(x, q, 0.25, false)));  // in value; in derivative they differ
    QCOMPARE(commitment_loss(x, q).numel(), std::int64_t{2});
  }

  // With no decay of the past, codes go to the means of what chose them, but for the smoothing.
  void runningMeansReachTheMeans() {
    EmaQuantizer quantizer(3, 2, 0.0, 1e-12);
    quantizer.to(at::kDouble);
    const at::Tensor rows = real({0.0, 0.0, 2.0, 4.0, 5.0, 5.0}, {3, 2}), codes = whole({0, 0, 2});
    quantizer.update(rows, codes);
    QVERIFY(close(quantizer.codebook()[0], real({1.0, 2.0}), 1e-9));
    QVERIFY(close(quantizer.codebook()[2], real({5.0, 5.0}), 1e-9));
    QVERIFY(close(quantizer.cluster_size, real({2.0, 0.0, 1.0})));
  }

  void restartedCodesStandWhereTheyWerePutAndStay() {
    const auto made = std::make_shared<EmaQuantizer>(4, 2);
    EmaQuantizer& means = *made;
    nn::reset_all(means, Rng(1));
    const at::Tensor where = normal(4, {2, 2}, at::kFloat), which = whole({3, 1});
    means.restart(which, where, 2.0);
    QVERIFY(means.codebook().index_select(0, which).equal(where));
    QVERIFY(means.cluster_size.index_select(0, which).eq(2.0).all().item<bool>());
    means.update(where, which);  // chosen once more by the same vectors: nothing moves but for the smoothing
    QVERIFY(close(means.codebook().index_select(0, which), where, 1e-3));
    const auto other = std::make_shared<GradientQuantizer>(4, 2);
    GradientQuantizer& gradient = *other;
    nn::reset_all(gradient, Rng(1));
    QVERIFY(gradient.codebook().abs().max().item<double>() <= 0.25 && gradient.codebook().abs().max().item<double>() > 0.0);
    gradient.restart(which, where, 2.0);
    QVERIFY(gradient.codebook().index_select(0, which).equal(where));
  }

  void gumbelSoftmaxIsHardInValueAndSoftInDerivative() {
    const at::Tensor noise = normal(2, {3, 4});
    const at::Tensor a = normal(1, {3, 4}).requires_grad_(true), b = a.detach().clone().requires_grad_(true), cotangent = normal(3, {3, 4});
    const at::Tensor hard = gumbel_softmax(a, noise, 0.7, true, 1), soft = gumbel_softmax(b, noise, 0.7, false, 1);
    (hard * cotangent).sum().backward();
    (soft * cotangent).sum().backward();
    QVERIFY(close(a.grad(), b.grad()));
    QVERIFY(close(hard.sum(1), at::full({3}, 1.0, at::kDouble)) && close(hard.max(), at::full({}, 1.0, at::kDouble)));
    QVERIFY(hard.argmax(1).equal(soft.argmax(1)));
  }

  void codesAreRenumberedAndBack() {
    const at::Tensor used = whole({4, 1, 7}), codes = whole({7, 0, 1, 4}, {2, 2});
    const CodeRemap extra(used, 9), fixed(used, 9, false, 2);
    QVERIFY(extra.to_used(codes).equal(whole({2, 3, 1, 0}, {2, 2})));
    QVERIFY(extra.to_all(extra.to_used(codes)).equal(whole({7, 4, 1, 4}, {2, 2})));
    QCOMPARE(extra.size(), std::int64_t{4});
    QVERIFY(fixed.to_used(codes).equal(whole({2, 2, 1, 0}, {2, 2})));
    QVERIFY_EXCEPTION_THROWN(CodeRemap(whole({1, 9}), 9), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(CodeRemap(whole({1, 1}), 9), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(CodeRemap(used, 9, false, 3), std::invalid_argument);
  }

  void statisticsOfUse() {
    const at::Tensor counts = count_codes(whole({0, 2, 2, 0}, {2, 2}), 5);
    QVERIFY(counts.equal(whole({2, 0, 2, 0, 0})));
    QVERIFY(std::abs(perplexity(counts) - 2.0) < 1e-12);
    std::map<std::string, double> watched;
    watch_codes(watched, counts, counts.to(at::kFloat), 0.5);
    QVERIFY(std::abs(watched.at("codes.perplexity") - 2.0) < 1e-12);
    QCOMPARE(watched.at("codes.used"), 2.0);
    QCOMPARE(watched.at("codes.dead"), static_cast<double>(counts.numel() - 2));
    QCOMPARE(perplexity(at::zeros({5})), 0.0);
    at::Tensor usage = at::full({5}, 1.0);
    track_usage(usage, counts, 0.5);
    QVERIFY(usage.equal(real({1.5, 0.5, 1.5, 0.5, 0.5}).to(at::kFloat)));
    QVERIFY(dead_codes(usage, 1.0).equal(whole({1, 3, 4})));
    QCOMPARE(dead_codes(usage, 0.1).numel(), std::int64_t{0});
  }

  void ordersAreOrders() {
    for (const auto order : {TokenOrder::raster, TokenOrder::alternate, TokenOrder::subsample, TokenOrder::z_curve, TokenOrder::spiral_in, TokenOrder::spiral_out}) {
      for (const auto& [rows, cols] : std::vector<std::pair<std::int64_t, std::int64_t>>{{4, 4}, {8, 4}, {1, 1}, {3, 5}, {5, 1}}) {
        if (order == TokenOrder::subsample && (rows == 3 || rows == 5)) {
          QVERIFY_EXCEPTION_THROWN(token_order(order, rows, cols), std::invalid_argument);
          continue;
        }
        const Permutation p = token_order(order, rows, cols);
        QCOMPARE(p.forward.size(), static_cast<std::size_t>(rows * cols));
        for (std::size_t i = 0; i < p.forward.size(); ++i) QCOMPARE(p.backward[static_cast<std::size_t>(p.forward[i])], static_cast<std::int64_t>(i));
        if (order != TokenOrder::alternate && order != TokenOrder::spiral_in && order != TokenOrder::spiral_out) continue;
        for (std::size_t i = 1; i < p.forward.size(); ++i) {  // these go from neighbour to neighbour
          const auto a = p.forward[i - 1], b = p.forward[i];
          QCOMPARE(std::abs(a / cols - b / cols) + std::abs(a % cols - b % cols), std::int64_t{1});
        }
      }
    }
    QCOMPARE(token_order(TokenOrder::z_curve, 4, 4).forward, (std::vector<std::int64_t>{0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15}));
    QVERIFY_EXCEPTION_THROWN(token_order(TokenOrder::raster, 0, 3), std::invalid_argument);
  }

  void oneNetworkHoldsTokenizerAndPrior() {
    TokenShape shape;
    shape.codes = 6;
    shape.rows = shape.cols = 2;
    TokenNetwork net(std::make_shared<Plain>(6), std::make_shared<Prior>(shape), 2, 2);
    net.eval();
    const at::Tensor tokens = whole({0, 5, 2, 3}, {1, 4}), picture = net.pictures_of(tokens);
    QCOMPARE(picture.sizes().vec(), (std::vector<std::int64_t>{1, 1, 4, 4}));
    QVERIFY(net.preview_of(tokens).equal(picture));
    const at::Tensor part = net.preview_of(whole({0, kMasked, 2, 3}, {1, 4}));
    QVERIFY(part.slice(3, 0, 2).equal(picture.slice(3, 0, 2)) && !part.equal(picture));
    QCOMPARE(net.tokens_of(picture).sizes().vec(), (std::vector<std::int64_t>{1, 4}));
    QVERIFY(net.prior_ready());
    net.set_prior_ready(false);
    QVERIFY(!net.prior_ready() && !TokenNetwork(std::make_shared<Plain>(6), nullptr, 2, 2).prior_ready());
    net.set_examples(tokens);
    QVERIFY(net.examples[0].equal(tokens[0]));
    // A prior of another codebook or grid is refused, with both named.
    const auto refusal = [&](std::int64_t codes, std::int64_t rows) -> std::string {
      try {
        TokenNetwork(std::make_shared<Plain>(codes), std::make_shared<Prior>(shape), rows, 2);
      } catch (const Error& error) {
        if (error.error().code == ErrorCode::bad_input && !error.error().what_is_safe.empty() && !error.error().what_to_do.empty()) return error.what();
      }
      return {};
    };
    QVERIFY(QString::fromStdString(refusal(7, 2)).contains("does not fit the prior: it has 7 codes on 2 x 2 cells, the prior 6 codes on 2 x 2"));
    QVERIFY(QString::fromStdString(refusal(6, 3)).contains("3 x 2 cells"));
    QCOMPARE(refusal(6, 2), std::string());
    shape.codes = 7;
    QVERIFY_EXCEPTION_THROWN(TokenNetwork(std::make_shared<Plain>(6), std::make_shared<Prior>(shape), 2, 2), Error);
  }
};

QTEST_GUILESS_MAIN(TestQuantizer)
#include "test_quantizer.moc"
