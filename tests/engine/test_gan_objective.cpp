#include <ATen/ops/linspace.h>
#include <ATen/ops/sigmoid.h>
#include <torch/csrc/autograd/autograd.h>

#include <QTest>
#include <cmath>
#include <set>

#include "engine/gan/adversarial_objective.h"
#include "engine/gan/stylegan2_recipe.h"
#include "engine/io/module_weights.h"
#include "engine/train/trainer.h"

using namespace orrery;
using namespace orrery::gan;

namespace {

StyleGan2Config small_config(std::int64_t classes = 0) {
  StyleGan2Config config;
  config.network.z_dim = config.network.w_dim = 8;
  config.network.mapping_layers = config.network.label_layers = 2;
  config.network.channel_base = 64;
  config.network.channel_max = 8;
  config.train.batch = 4;
  config.train.lr_g = config.train.lr_d = 0.01;
  DataShape data;
  data.resolution_px = 8;
  data.classes = classes;
  resolve_stylegan2(config, data);
  return config;
}

std::unique_ptr<AdversarialObjective> make_objective(const StyleGan2Config& config, AdversarialObjective::Hooks hooks = {}) {
  return std::make_unique<AdversarialObjective>(
      [config] {
        return GanNetworks{make_stylegan2_generator(config.network), make_stylegan2_discriminator(config.network)};
      },
      adversarial_options(config.objective), std::move(hooks));
}

Batch pictures(std::int64_t n, std::int64_t classes = 0) {
  Batch batch;
  batch.pictures = Rng(3).uniform({n, 3, 8, 8}, at::kFloat).mul(255).to(at::kByte);
  if (classes > 0) {
    batch.labels = at::zeros({n, classes});
    for (std::int64_t i = 0; i < n; ++i) batch.labels[i][i % classes] = 1.0;
  }
  return batch;
}

Phase phase_of(const Objective& objective, const std::string& name) {
  for (const auto& phase : objective.phases()) {
    if (phase.name == name) return phase;
  }
  return {};
}

}  // namespace

class TestGanObjective : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  // Identities: minimax dG/dl = -sigmoid(l), non-saturating -(1 - sigmoid(l)); L_D = 2 ln 2 at l = 0.
  void lossIdentities() {
    const at::Tensor l = at::linspace(-30, 30, 61, at::kDouble).requires_grad_(true);
    const auto gradient = [&](const at::Tensor& loss) { return torch::autograd::grad({loss.sum()}, {l})[0]; };
    const at::Tensor s = at::sigmoid(l);
    QVERIFY((gradient(generator_loss(l, AdversarialLoss::minimax)) + s).abs().max().item<double>() < 1e-8);
    QVERIFY((gradient(generator_loss(l)) + (1 - s)).abs().max().item<double>() < 1e-8);
    QVERIFY((gradient(discriminator_fake_loss(l)) - s).abs().max().item<double>() < 1e-8);
    const at::Tensor zero = at::zeros({1}, at::kDouble);
    QVERIFY(std::fabs((discriminator_fake_loss(zero) + discriminator_real_loss(zero)).item<double>() - 2 * std::log(2.0)) < 1e-12);
    const at::Tensor two = at::full({1}, 2.0, at::kDouble);
    QCOMPARE(discriminator_real_loss(two, AdversarialLoss::hinge).item<double>(), 0.0);
    QCOMPARE(discriminator_fake_loss(two, AdversarialLoss::hinge).item<double>(), 3.0);
    QCOMPARE(discriminator_real_loss(two, AdversarialLoss::wasserstein).item<double>(), -2.0);
    QCOMPARE(generator_loss(two, AdversarialLoss::hinge).item<double>(), -2.0);
  }

  // On a linear D the gradient penalty is known; path lengths of a linear G are those of its matrix.
  void regularisersOnLinearMaps() {
    const at::Tensor a = Rng(1).normal({3 * 4 * 4}, at::kDouble);
    const at::Tensor x = Rng(2).normal({5, 3, 4, 4}, at::kDouble).requires_grad_(true);
    const at::Tensor penalty = squared_gradient(x.flatten(1).matmul(a.unsqueeze(1)), x);
    QVERIFY((penalty - a.square().sum()).abs().max().item<double>() < 1e-10);
    const at::Tensor m = Rng(3).normal({6, 3 * 4 * 4}, at::kDouble), y = Rng(4).normal({2, 3, 4, 4}, at::kDouble);
    const at::Tensor ws = Rng(5).normal({2, 2, 6}, at::kDouble).requires_grad_(true);
    const at::Tensor lengths = path_lengths((ws[0].new_zeros({2, 48}) + ws.sum(1).matmul(m)).view({2, 3, 4, 4}), ws, y);
    const at::Tensor expected = (y.flatten(1) / 4).matmul(m.t()).square().sum(1).sqrt();  // equal for both styles
    QVERIFY((lengths - expected).abs().max().item<double>() < 1e-10);
  }

  void phasesAreDeclared() {
    StyleGan2Config config = small_config();
    const auto objective = make_objective(config);
    const auto phases = objective->phases();
    QCOMPARE(phases.size(), std::size_t{4});
    QCOMPARE(phases[0].name, std::string("g"));
    QCOMPARE(phases[1].name, std::string("g.pl"));
    QCOMPARE(phases[1].interval, std::int64_t{4});
    QCOMPARE(phases[1].gain, 4.0);
    QVERIFY(phases[1].all_gradients && !phases[0].all_gradients);
    QCOMPARE(phases[3].interval, std::int64_t{16});
    QCOMPARE(phases[3].gain, 16.0);
    config.objective.pl_weight = 0;
    config.objective.r1_gamma = 0.0;
    QCOMPARE(make_objective(config)->phases().size(), std::size_t{2});
    const Plan plan = stylegan2_plan(small_config(), [] { return nullptr; });
    QCOMPARE(plan.stages[0].optimisers[0].lazy_interval, std::int64_t{4});
    QCOMPARE(plan.stages[0].optimisers[1].lazy_interval, std::int64_t{16});
  }

  // All randomness is a function of the given stream, and every draw has its own.
  void drawsAreReproducible() {
    const StyleGan2Config config = small_config(3);
    const auto objective = make_objective(config);
    const TrainState state = objective->make_state(Rng(1), "cpu");
    const auto& g = dynamic_cast<const Generator&>(*state.modules.at("g"));
    const Batch batch = pictures(4, 3);
    const auto a = objective->draw("g.pl", batch, g, Rng(7)), b = objective->draw("g.pl", batch, g, Rng(7)),
               c = objective->draw("g.pl", batch, g, Rng(8));
    QCOMPARE(a.z.size(0), std::int64_t{2});
    QVERIFY(a.z.equal(b.z) && a.mix_z.equal(b.mix_z) && a.pl_noise.equal(b.pl_noise) && a.c.equal(b.c) && a.noise.seeds == b.noise.seeds);
    QVERIFY(!a.z.equal(c.z) && !a.z.equal(a.mix_z));
    QVERIFY(a.c.sum(1).eq(1).all().item<bool>());
    std::set<std::int64_t> places;
    int mixed = 0;
    for (std::uint64_t i = 0; i < 300; ++i) {
      const auto draws = objective->draw("g", batch, g, Rng(i));
      if (draws.mix_from < 0) continue;
      ++mixed;
      places.insert(draws.mix_from);
    }
    QVERIFY(mixed > 250 && mixed < 290);  // probability 0.9
    QCOMPARE(*places.begin(), std::int64_t{1});
    QCOMPARE(*places.rbegin(), g.shape().num_ws - 1);
  }

  void mixingReplacesTheLaterStyles() {
    const StyleGan2Config config = small_config();
    const auto objective = make_objective(config);
    TrainState state = objective->make_state(Rng(1), "cpu");
    auto& g = dynamic_cast<Generator&>(*state.modules.at("g"));
    GanDraws draws = objective->draw("g", pictures(2), g, Rng(7));
    AdversarialObjective::Seen plain, first, same;
    draws.mix_from = -1;
    objective->evaluate("g", {}, {}, draws, state, &plain);
    draws.mix_from = 1;
    objective->evaluate("g", {}, {}, draws, state, &first);
    draws.mix_z = draws.z;
    objective->evaluate("g", {}, {}, draws, state, &same);
    QVERIFY(!plain["scores.fake"].equal(first["scores.fake"]));
    QVERIFY(plain["scores.fake"].allclose(same["scores.fake"], 1e-5, 1e-6));
  }

  // An augmentation sees what D sees, and its tensors live in the state; signs are counted for it.
  void augmentationHook() {
    int calls = 0, after = 0;
    AdversarialObjective::Hooks hooks;
    hooks.augment = [&](const at::Tensor& images, Rng, TrainState& state) {
      ++calls;
      state.tensors.at("ada.p") += 1.0;
      return -images;
    };
    hooks.make_state = [](TrainState& state) { state.tensors["ada.p"] = at::zeros({}, at::kDouble); };
    hooks.after_step = [&](TrainState& state, const StepInfo&, std::map<std::string, double>& watched) {
      ++after;
      watched["ada.p"] = state.tensors.at("ada.p").item<double>();
    };
    const StyleGan2Config config = small_config();
    const auto objective = make_objective(config, hooks);
    TrainState state = objective->make_state(Rng(1), "cpu");
    const Batch batch = pictures(4);
    const StepInfo info{0, 0.0, 4};
    objective->loss(phase_of(*objective, "g"), batch, state, Rng(1), info);
    QCOMPARE(calls, 1);
    objective->loss(phase_of(*objective, "g.pl"), batch, state, Rng(2), info);
    QCOMPARE(calls, 1);
    const auto d = objective->loss(phase_of(*objective, "d"), batch, state, Rng(3), info);
    QCOMPARE(calls, 3);
    const auto r1 = objective->loss(phase_of(*objective, "d.r1"), batch, state, Rng(4), info);
    QCOMPARE(calls, 4);
    QCOMPARE(state.tensors.at("d.sign_count").item<double>(), 8.0);  // R1's logits count too
    const double sum = state.tensors.at("d.sign_sum").item<double>();
    QVERIFY(std::fabs(sum / 4 - d.watched.at("signs.real")) <= 1.0 + 1e-9);
    QVERIFY(r1.terms.at("r1").requires_grad());
    std::map<std::string, double> watched;
    objective->after_step(state, info, watched);
    QCOMPARE(after, 1);
    QCOMPARE(watched.at("ada.p"), 4.0);
  }

  void stateSurvives() {
    const StyleGan2Config config = small_config();
    const auto objective = make_objective(config);
    TrainState state = objective->make_state(Rng(1), "cpu");
    QCOMPARE(state.tensors.at("pl_mean").item<double>(), 0.0);
    const auto loss = objective->loss(phase_of(*objective, "g.pl"), pictures(4), state, Rng(2), {});
    QVERIFY(state.tensors.at("pl_mean").item<double>() > 0.0);
    QVERIFY(!state.tensors.at("pl_mean").requires_grad());
    QCOMPARE(loss.terms.at("pl").size(0), std::int64_t{2});
    const auto& g = dynamic_cast<const Generator&>(*state.modules.at("g"));
    QVERIFY(g.w_average().abs().max().item<double>() > 0.0);
  }

  // D tells pictures from noise after some steps: its loss falls, and G's pictures move towards the data's colour.
  void trainingLearns() {
    StyleGan2Config config = small_config();
    config.train.batch = 8;
    config.train.ema_kimg = 0.05;
    Trainer trainer(stylegan2_plan(config, [config] { return make_objective(config); }), 1);
    Batch batch;
    batch.pictures = at::full({8, 3, 8, 8}, 200, at::kByte);
    batch.pictures.select(1, 2).fill_(30);
    const auto distance = [&] {
      const at::NoGradGuard no_grad;
      auto& g = dynamic_cast<Generator&>(*trainer.published());
      const at::Tensor made = g.synthesise(g.map(Rng(9).normal({8, 8}, at::kFloat), {}), {});
      return (made - to_network_range(batch.pictures)).square().mean().item<double>();
    };
    trainer.step(batch);
    const double before = distance();
    for (int i = 0; i < 60; ++i) trainer.step(batch);
    const double after = distance();
    QVERIFY2(after < 0.5 * before, (std::to_string(before) + " -> " + std::to_string(after)).c_str());
    QCOMPARE(trainer.first_non_finite(), std::string());
  }
};

QTEST_GUILESS_MAIN(TestGanObjective)
#include "test_gan_objective.moc"
