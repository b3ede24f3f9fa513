// Mask schedules, masked decoding, and the losses of masked models.
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros.h>

#include <QTest>
#include <algorithm>
#include <cmath>
#include <set>

#include "engine/api/result.h"
#include "engine/nn/bert_transformer.h"
#include "engine/parity/case.h"
#include "engine/tokens/masked_decoding.h"
#include "engine/tokens/token_losses.h"

using namespace orrery;
using namespace orrery::tokens;

namespace {

constexpr std::int64_t kRows = 3, kCols = 4, kTokens = kRows * kCols, kCodes = 7;

// Logits that depend on the cell and on how much is known around, of every row by itself.
at::Tensor made_up(const at::Tensor& tokens, std::int64_t round) {
  const at::Tensor table = Rng(3).normal({kTokens, kCodes}, at::kFloat);
  const at::Tensor known = tokens.clamp_min(0).to(at::kFloat).sum(1).mul(0.37).add(static_cast<double>(round)).view({-1, 1, 1});
  return table.unsqueeze(0) * 2.0 + (table.unsqueeze(0) * 5.0 + known).sin();
}

at::Tensor all_masked(std::int64_t rows = 1) { return at::full({rows, kTokens}, kMasked, at::kLong); }

struct Rounds : RoundObserver {
  std::vector<DecodingRound> list;
  std::size_t stop_after = 1000;
  bool cancelled() override { return list.size() >= stop_after; }
  void on_round(const DecodingRound& round) override { list.push_back(round); }
};

MaskedDecoding options() {
  MaskedDecoding o;
  o.rounds = 5;
  o.rows = kRows;
  o.cols = kCols;
  return o;
}

at::Tensor decoded(const at::Tensor& tokens, const MaskedDecoding& o, std::vector<std::uint64_t> seeds, Rounds* rounds = nullptr) {
  Rounds own;
  SeededNoise noise(std::move(seeds));
  return decode_masked(made_up, tokens, o, noise, rounds ? *rounds : own);
}

}  // namespace

class TestMaskedDecoding : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void recordedCases() {
    for (const std::string name : {"decode", "schedules", "halton"}) {
      std::vector<std::string> unknown;
      const auto reports = parity::run_folder(std::string(ORRERY_TEST_DIR "/vectors/maskgit/") + name, "cpu", unknown);
      QCOMPARE(reports.size(), std::size_t{1});
      for (const auto& line : reports[0].lines) QVERIFY2(line.ok, (line.name + " " + line.note).c_str());
      QVERIFY2(reports[0].ok, reports[0].error.c_str());
    }
  }

  // Every schedule falls from all to nothing, and unmasks something in each round.
  void schedulesFall() {
    for (const auto& name : MaskSchedule::names()) {
      const MaskSchedule schedule = MaskSchedule::named(name);
      for (const std::int64_t total : {2, 16, 256}) {
        double before = 1.0;
        for (int i = 0; i <= 40; ++i) {
          const double now = schedule.masked(i / 40.0, total);
          QVERIFY2(now <= before + 1e-12 && now >= 1e-6, name.c_str());
          before = now;
        }
        for (const std::int64_t rounds : {1, 3, 8}) {
          std::int64_t now = total;
          for (std::int64_t round = 0; round < rounds && now > 1; ++round) {
            const auto next = masked_after(schedule, round, rounds, total, now);
            QVERIFY(next < now && next >= 1);
            now = next;
          }
          QCOMPARE(revealed_after(schedule, rounds - 1, rounds, total), total);
        }
      }
    }
    for (const char* wrong : {"", "sine", "pow", "pow-2", "pow2x", "powinf"}) QVERIFY_THROWS_EXCEPTION(Error, MaskSchedule::named(wrong));
  }

  void ownCurves() {
    const MaskSchedule curve = MaskSchedule::curve({1.0, 0.5, 0.8, 0.0});  // the rise is taken out
    QCOMPARE(curve.masked(0.5, 10), 0.5);
    QCOMPARE(curve.masked(1.0 / 6.0, 10), 0.75);
    QVERIFY(curve.masked(1.0, 10) <= 1e-6);
    QVERIFY_THROWS_EXCEPTION(Error, MaskSchedule::curve({1.0}));
    QVERIFY_THROWS_EXCEPTION(Error, MaskSchedule::curve({1.0, 1.5}));
    // One that unmasks nothing in a round still lets one token go.
    auto o = options();
    o.schedule = MaskSchedule::curve({1.0, 1.0, 1.0});
    Rounds rounds;
    QVERIFY(decoded(all_masked(), o, {1}, &rounds).ge(0).all().item<bool>());
    for (std::size_t i = 0; i + 1 < rounds.list.size(); ++i) QCOMPARE(rounds.list[i].tokens.lt(0).sum().item<std::int64_t>(), kTokens - 1 - static_cast<std::int64_t>(i));
  }

  void haltonVisitsEveryCellOnce() {
    for (const auto& [rows, cols] : std::vector<std::pair<std::int64_t, std::int64_t>>{{1, 1}, {3, 4}, {5, 2}, {16, 16}, {1, 64}}) {
      const auto cells = halton_cells(rows, cols);
      QCOMPARE(static_cast<std::int64_t>(std::set<std::int64_t>(cells.begin(), cells.end()).size()), rows * cols);
      QCOMPARE(static_cast<std::int64_t>(cells.size()), rows * cols);
    }
  }

  void sameSeedSameTokens() {
    for (const auto order : {MaskedDecoding::Order::confidence, MaskedDecoding::Order::halton}) {
      auto o = options();
      o.order = order;
      const at::Tensor a = decoded(all_masked(), o, {11});
      QVERIFY(a.ge(0).all().item<bool>() && a.lt(kCodes).all().item<bool>());
      QVERIFY(a.equal(decoded(all_masked(), o, {11})));
      QVERIFY(!a.equal(decoded(all_masked(), o, {12})));
    }
  }

  void aloneOrInABatch() {
    std::vector<std::uint64_t> seeds;
    for (std::uint64_t i = 0; i < 16; ++i) seeds.push_back(100 + i);
    for (const auto order : {MaskedDecoding::Order::confidence, MaskedDecoding::Order::halton}) {
      auto o = options();
      o.order = order;
      const at::Tensor all = decoded(all_masked(16), o, seeds);
      QVERIFY(all.narrow(0, 7, 1).equal(decoded(all_masked(), o, {107})));
    }
  }

  // From any round on, with what that round left: the same tokens.
  void goesOnFromAnyRound() {
    for (const auto order : {MaskedDecoding::Order::confidence, MaskedDecoding::Order::halton}) {
      auto o = options();
      o.order = order;
      o.masked_before = kTokens;
      Rounds rounds;
      const at::Tensor whole = decoded(all_masked(), o, {4}, &rounds);
      QCOMPARE(rounds.list.size(), std::size_t{5});
      for (std::int64_t k = 0; k + 1 < 5; ++k) {
        auto rest = o;
        rest.first_round = k + 1;
        QVERIFY(whole.equal(decoded(rounds.list[static_cast<std::size_t>(k)].tokens, rest, {4})));
        auto part = o;
        part.until_round = k + 1;
        QVERIFY(rounds.list[static_cast<std::size_t>(k)].tokens.equal(decoded(all_masked(), part, {4})));
      }
    }
  }

  // Tokens that are known stay as they are, whatever is pinned, masked again, painted and changed in settings.
  void pinnedTokensNeverChange() {
    Rng rng(2026);
    at::Tensor tokens = all_masked();
    std::vector<std::int64_t> pinned(kTokens, kMasked);
    for (int edit = 0; edit < 10000; ++edit) {
      const auto cell = rng.below(kTokens);
      const auto what = rng.below(4);
      if (what == 0) pinned[static_cast<std::size_t>(cell)] = tokens[0][cell].item<std::int64_t>();  // pin what is there
      else if (what == 1) pinned[static_cast<std::size_t>(cell)] = rng.below(kCodes);                // paint
      else if (what == 2) pinned[static_cast<std::size_t>(cell)] = kMasked;                          // mask again
      auto o = options();
      o.rounds = 1 + rng.below(2);
      o.first_round = rng.below(o.rounds);
      o.order = rng.below(2) == 0 ? MaskedDecoding::Order::confidence : MaskedDecoding::Order::halton;
      o.choice_temperature = 10.0 * rng.uniform01();
      o.filter.temperature = 2.0 * rng.uniform01();
      const at::Tensor start = at::tensor(pinned, at::kLong).view({1, kTokens});
      tokens = decoded(start, o, {static_cast<std::uint64_t>(edit)});
      QVERIFY(at::where(start.ge(0), start, tokens).equal(tokens));
      QVERIFY(tokens.ge(0).all().item<bool>());
    }
  }

  void allPinnedAsksNobody() {
    const at::Tensor full = at::zeros({1, kTokens}, at::kLong);
    SeededNoise noise({1});
    Rounds rounds;
    const auto nobody = [](const at::Tensor&, std::int64_t) -> at::Tensor { throw std::logic_error("asked"); };
    QVERIFY(decode_masked(nobody, full, options(), noise, rounds).equal(full));
    QCOMPARE(rounds.list.size(), std::size_t{5});
  }

  void cancels() {
    Rounds rounds;
    rounds.stop_after = 2;
    QVERIFY(!decoded(all_masked(), options(), {1}, &rounds).defined());
    QCOMPARE(rounds.list.size(), std::size_t{2});
  }

  void confidenceAndMaskedPartAreTold() {
    Rounds rounds;
    decoded(all_masked(), options(), {1}, &rounds);
    for (std::size_t i = 0; i < rounds.list.size(); ++i) {
      const auto& round = rounds.list[i];
      QVERIFY(round.confidence.gt(0).all().item<bool>() && round.confidence.le(1).all().item<bool>());
      QCOMPARE(round.masked, round.tokens.lt(0).to(at::kDouble).mean().item<double>());
      if (i > 0) QVERIFY(round.masked < rounds.list[i - 1].masked);
      if (i > 0) {
        const at::Tensor kept = rounds.list[i - 1].tokens.ge(0);
        QVERIFY(round.confidence.masked_select(kept).eq(1.0).all().item<bool>());
        QVERIFY(round.sampled.masked_select(kept).equal(rounds.list[i - 1].tokens.masked_select(kept)));
      }
    }
    QCOMPARE(rounds.list.back().masked, 0.0);
  }

  // With no noise on the choice the least sure are masked again.
  void keepsTheSurest() {
    auto o = options();
    o.choice_temperature = 0.0;
    Rounds rounds;
    decoded(all_masked(), o, {1}, &rounds);
    const auto& first = rounds.list.front();
    const at::Tensor kept = first.tokens.ge(0);
    QVERIFY(first.confidence.masked_select(kept).min().item<double>() >= first.confidence.masked_select(kept.logical_not()).max().item<double>());
  }

  void haltonRevealsInOrder() {
    auto o = options();
    o.order = MaskedDecoding::Order::halton;
    o.schedule = MaskSchedule::named("arccos");
    Rounds rounds;
    decoded(all_masked(), o, {1}, &rounds);
    const auto cells = halton_cells(kRows, kCols);
    for (std::int64_t k = 0; k < 5; ++k) {
      const auto revealed = revealed_after(o.schedule, k, 5, kTokens);
      for (std::int64_t i = 0; i < kTokens; ++i)
        QCOMPARE(rounds.list[static_cast<std::size_t>(k)].tokens[0][cells[static_cast<std::size_t>(i)]].item<std::int64_t>() >= 0, i < revealed);
    }
  }

  void filters() {
    const at::Tensor logits = at::tensor({0.5, 0.25, 0.125, 0.0625, 0.0625}, at::kDouble).log().view({1, 5});
    const auto left = [&](std::int64_t k, double p) { return filtered(logits, {1.0, k, p}).isfinite().sum().item<std::int64_t>(); };
    QCOMPARE(left(0, 1.0), 5);
    QCOMPARE(left(2, 1.0), 2);
    QCOMPARE(left(4, 1.0), 5);  // a tie of the last
    QCOMPARE(left(0, 0.5), 1);
    QCOMPARE(left(0, 0.6), 2);
    QCOMPARE(left(0, 0.0), 1);
    auto greedy = options();
    greedy.filter.temperature = 0.0;
    auto one = options();
    one.filter.top_k = 1;
    Rounds a, b;
    decoded(all_masked(), greedy, {1}, &a);
    decoded(all_masked(), one, {1}, &b);
    QVERIFY(a.list.front().sampled.equal(b.list.front().sampled));
  }

  void refusesWhatDoesNotGoTogether() {
    const auto refused = [](auto change) {
      auto o = options();
      change(o);
      try {
        decoded(all_masked(), o, {1});
      } catch (const Error& error) {
        return error.error().code == ErrorCode::wrong_use;
      }
      return false;
    };
    QVERIFY(refused([](auto& o) { o.rounds = 0; }));
    QVERIFY(refused([](auto& o) { o.first_round = 5; }));
    QVERIFY(refused([](auto& o) { o.filter.temperature = -1.0; }));
    QVERIFY(refused([](auto& o) { o.filter.top_p = 1.5; }));
    QVERIFY(refused([](auto& o) { o.order = MaskedDecoding::Order::halton; o.cols = 5; }));
  }

  void randomMasks() {
    const MaskSchedule cosine = MaskSchedule::named("cosine");
    const at::Tensor mask = random_mask(500, 16, cosine, 0.25, Rng(1)), counts = mask.sum(1);
    QCOMPARE(counts.min().item<std::int64_t>(), 4);
    QCOMPARE(counts.max().item<std::int64_t>(), 16);
    QVERIFY(mask.equal(random_mask(500, 16, cosine, 0.25, Rng(1))));
    const at::Tensor share = mask.to(at::kDouble).mean(0);  // every cell alike
    QVERIFY(share.max().item<double>() - share.min().item<double>() < 0.12);
    QVERIFY(std::abs(mask.to(at::kDouble).mean().item<double>() - 0.69) < 0.03);
    QCOMPARE(random_mask(50, 16, cosine, 0.0, Rng(2)).sum(1).ge(1).all().item<bool>(), true);
  }

  void smoothedCrossEntropy() {
    const at::Tensor logits = Rng(1).normal({2, 3, 5}, at::kDouble), targets = at::tensor({0, 1, 2, 3, 4, 0}, at::kLong).view({2, 3});
    const at::Tensor log_p = logits.log_softmax(-1), plain = smoothed_cross_entropy(logits, targets, 0.0);
    QVERIFY((plain + log_p.gather(-1, targets.unsqueeze(-1)).squeeze(-1)).abs().max().item<double>() < 1e-12);
    QVERIFY((smoothed_cross_entropy(logits, targets, 0.2) - (plain * 0.8 - log_p.mean(-1) * 0.2)).abs().max().item<double>() < 1e-12);
    at::Tensor weights = at::zeros({2, 3}, at::kDouble);
    weights[0][2] = 1.0;
    weights[1][0] = weights[1][1] = 1.0;
    const at::Tensor rows = masked_cross_entropy(logits, targets, weights, 0.0);
    QVERIFY(std::abs((rows[0] - plain[0][2]).item<double>()) < 1e-12);
    QVERIFY(std::abs((rows[1] - (plain[1][0] + plain[1][1]) / 2).item<double>()) < 1e-12);
  }

  // Sure assignments to codes that are all used are best; the same code for all, or an even doubt, is worth nothing.
  void entropyWantsUsedCodes() {
    const at::Tensor even = at::zeros({4, 4}, at::kDouble), one = at::full({4, 4}, -100.0, at::kDouble);
    at::Tensor used = one.clone(), same = one.clone();
    for (std::int64_t i = 0; i < 4; ++i) used[i][i] = 0.0, same[i][2] = 0.0;
    QVERIFY(std::abs(entropy_loss(used, 1.0, false).item<double>() + std::log(4.0)) < 1e-3);
    QVERIFY(std::abs(entropy_loss(even, 1.0, false).item<double>()) < 1e-3);
    QVERIFY(std::abs(entropy_loss(same, 1.0, false).item<double>()) < 1e-3);
    QVERIFY(entropy_loss(used, 1.0, true).item<double>() < -1.0);
  }
};

QTEST_GUILESS_MAIN(TestMaskedDecoding)
#include "test_masked_decoding.moc"
