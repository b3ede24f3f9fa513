// Moving averages of weights: the formula, its ramp, buffers.
#include <QtTest>

#include <cmath>

#include "engine/train/ema.h"
#include "toy_run.h"

using namespace orrery;

class TestEma : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void the_formula() {
    // Half life 10 kimg, batch 16, far into the run: 0.5^(16 / 10000).
    QCOMPARE(ema_beta({10.0, 0.05}, 16, 10'000'000), std::pow(0.5, 16.0 / 10000.0));
    // Ramp: after 1,000 pictures the half life is 50.
    QCOMPARE(ema_beta({10.0, 0.05}, 16, 1000), std::pow(0.5, 16.0 / 50.0));
    // The first step forgets the random start altogether.
    QCOMPARE(ema_beta({10.0, 0.05}, 16, 0), 0.0);
    // No ramp.
    QCOMPARE(ema_beta({10.0, 0.0}, 16, 0), std::pow(0.5, 16.0 / 10000.0));
    // No half life: the weights themselves.
    QCOMPARE(ema_beta({0.0, 0.0}, 16, 1000), 0.0);
    // One half life of pictures in one step is one half.
    QCOMPARE(ema_beta({0.032, 0.0}, 32, 0), 0.5);
  }

  void parameters_are_mixed_and_buffers_copied() {
    toy::Net average(3, 8, Rng(1)), weights(3, 8, Rng(2));
    const at::Tensor a = average.weight.detach().to(at::kDouble).clone(), b = weights.weight.detach().to(at::kDouble);
    weights.seen.fill_(5.0);
    update_average(average, weights, 0.75);
    QVERIFY((average.weight.detach().to(at::kDouble) - (a * 0.75 + b * 0.25)).abs().max().item<double>() < 1e-6);
    QCOMPARE(average.seen.item<double>(), 5.0);
    update_average(average, weights, 0.0);
    QVERIFY(at::equal(average.weight, weights.weight));
  }

  void trainer_follows_the_formula() {
    Plan plan = toy::plan();
    plan.stages[0].ema = {0.064, 0.5};
    Trainer trainer(plan, 5);
    const auto source = toy::Data().batches(trainer.stage(), 7, 1);
    at::Tensor expected = at::zeros({8, 3, 3, 3}, at::kDouble);
    for (std::int64_t step = 0; step < 12; ++step) {
      trainer.step(source->batch(step));
      const double half_life = std::min(64.0, static_cast<double>(step * 16) * 0.5);
      const double beta = std::pow(0.5, 16.0 / std::max(half_life, 1e-8));
      const at::Tensor now = static_cast<toy::Net&>(*trainer.state().modules.at("g")).weight.detach().to(at::kDouble);
      expected = expected * beta + now * (1.0 - beta);
    }
    const at::Tensor got = static_cast<toy::Net&>(*trainer.published()).weight;
    QVERIFY(!got.requires_grad());
    QVERIFY(!trainer.published()->is_training());
    QVERIFY((got.to(at::kDouble) - expected).abs().max().item<double>() < 1e-6);
  }

  void parts_that_differ_are_refused() {
    toy::Net a(3, 8, Rng(1));
    struct Other : torch::nn::Module {} b;
    QVERIFY_EXCEPTION_THROWN(update_average(a, b, 0.5), Error);
  }
};

QTEST_GUILESS_MAIN(TestEma)
#include "test_ema.moc"
