// EDM as a system: training on points, playing, drawing.
#include <ATen/ops/equal.h>

#include <QTemporaryDir>
#include <QTest>

#include "engine/api/result.h"
#include "engine/data/toys.h"
#include "engine/explore/point_picture.h"
#include "engine/io/module_weights.h"
#include "engine/kinds/denoiser.h"
#include "engine/systems/system.h"
#include "engine/train/point_data.h"
#include "engine/train/trainer.h"

using namespace orrery;
using nlohmann::json;

namespace {

json toy_config(const TrainingData& data, const json& patch = json::object()) {
  const System& system = find_system("edm");
  json config = config::resolve_preset(system.defaults(), system.presets(), "toy");
  config.merge_patch(json::parse(R"({"network": {"width": 32, "blocks": 2}, "train": {"batch": 256, "lr": 0.003, "ema_kimg": 10}})"));
  config.merge_patch(patch);
  return system.resolve(config, data.shape());
}

std::shared_ptr<Model> model_of(const json& config, std::vector<std::string> names, std::shared_ptr<torch::nn::Module> network = {}) {
  auto model = std::make_shared<Model>();
  model->system = "edm";
  model->config = config;
  model->class_names = std::move(names);
  model->network = network ? network : find_system("edm").build_network(config);
  model->network->eval();
  for (auto& parameter : model->network->parameters()) parameter.requires_grad_(false);
  return model;
}

Request with(std::map<std::string, Value> values) { return {"model", std::move(values)}; }

}  // namespace

class TestEdmTraining : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void toysAreWhatTheySay() {
    QCOMPARE(data::toys().size(), std::size_t{4});
    for (const auto& toy : data::toys()) {
      const auto drawn = data::toy_points(toy, 4000, Rng(1));
      QVERIFY(drawn.points.abs().max().item<double>() < 1.3);
      const double spread = drawn.points.std().item<double>();
      QVERIFY2(spread > 0.3 && spread < 0.7, (toy.name + std::to_string(spread)).c_str());
      QCOMPARE(drawn.labels.defined(), !toy.class_names.empty());
      QVERIFY(drawn.points.equal(data::toy_points(toy, 4000, Rng(1)).points));
    }
    QVERIFY(!data::toy_of("builtin:emoji"));
    QVERIFY(!open_points("builtin:emoji"));
  }

  // A few hundred thousand points are enough for samples to lie near the ring, each at its class.
  void learnsTheRing() {
    const auto data = open_points("builtin:toy-rings");
    QVERIFY(data);
    const json config = toy_config(*data);
    const Plan plan = find_system("edm").make_plan(config);
    Trainer trainer(plan, 1);
    const auto batches = data->batches(plan.stages[0], 1, 1);
    for (std::int64_t step = 0; step < 1500; ++step) trainer.step(batches->batch(step));
    QCOMPARE(trainer.first_non_finite(), std::string());

    const auto net = std::dynamic_pointer_cast<Denoiser>(trainer.published());
    QVERIFY(net);
    QCOMPARE(net->shape().sample, (std::vector<std::int64_t>{2}));
    // One step from strong noise gives the mean of the class.
    const at::NoGradGuard no_grad;
    const at::Tensor classes = at::eye(8);
    const at::Tensor x0 = net->denoise(Rng(3).normal({8, 2}, at::kFloat) * 20.0, at::full({8}, 20.0), {classes, {}});
    for (int k = 0; k < 8; ++k) {
      const double angle = 2.0 * M_PI * k / 8.0, dx = x0[k][0].item<double>() - 0.7 * std::cos(angle), dy = x0[k][1].item<double>() - 0.7 * std::sin(angle);
      QVERIFY2(std::hypot(dx, dy) < 0.2, std::to_string(std::hypot(dx, dy)).c_str());
    }
  }

  void resumesBitExactlyOnPoints() {
    const auto data = open_points("builtin:toy-moons");
    const Plan plan = find_system("edm").make_plan(toy_config(*data, json::parse(R"({"objective": {"drop_classes": 0.2}})")));
    const auto batches = data->batches(plan.stages[0], 1, 1);
    Trainer one(plan, 1), two(plan, 1);
    for (std::int64_t step = 0; step < 3; ++step) one.step(batches->batch(step));
    two.restore(one.checkpoint());
    const auto again = data->batches(plan.stages[0], 1, 1);
    for (std::int64_t step = 3; step < 5; ++step) one.step(batches->batch(step)), two.step(again->batch(step));
    const auto a = io::named_weights(*one.published()), b = io::named_weights(*two.published());
    for (const auto& [name, tensor] : a) QVERIFY2(tensor.equal(b.at(name)), name.c_str());
  }

  void dropoutIsReproducible() {
    const System& system = find_system("edm");
    json config = config::resolve_preset(system.defaults(), system.presets(), "tiny");
    config.merge_patch(json::parse(R"({"network": {"width": 8, "multipliers": [1, 1], "attention_px": [], "dropout": 0.5}})"));
    DataShape shape;
    shape.resolution_px = 8;
    const Plan plan = system.make_plan(system.resolve(config, shape));
    Batch batch;
    batch.pictures = Rng(4).uniform({4, 3, 8, 8}, at::kFloat).mul(255).to(at::kByte);
    Trainer one(plan, 1), two(plan, 1);
    one.step(batch), two.step(batch);
    const auto a = io::named_weights(*one.published()), b = io::named_weights(*two.published());
    for (const auto& [name, tensor] : a) QVERIFY2(tensor.equal(b.at(name)), name.c_str());
  }

  void pointsAreDrawn() {
    const auto data = open_points("builtin:toy-rings");
    const auto player = find_system("edm").make_player(model_of(toy_config(*data), data->class_names()));
    RenderObserver nobody;
    const std::vector<Request> requests{with({{"sampler.steps", std::int64_t{3}}, {"points", std::int64_t{50}}}),
                                        with({{"sampler.steps", std::int64_t{3}}, {"seed", std::int64_t{5}}, {"churn", 30.0}})};
    const at::Tensor pictures = player->render(requests, nobody);
    QCOMPARE(pictures.sizes().vec(), (std::vector<std::int64_t>{2, 3, kPointPicture_px, kPointPicture_px}));
    QVERIFY(pictures.min().item<double>() < 0.0 && pictures.max().item<double>() <= 1.0);
    QVERIFY(pictures.narrow(0, 1, 1).equal(player->render({requests[1]}, nobody)));
    // Outside, NaN and nothing at all leave white paper.
    const at::Tensor blank = point_picture(at::tensor({std::nan(""), 0.0, 1e30, 0.0}, at::kDouble).view({2, 2}));
    QVERIFY(blank.eq(1.0).all().item<bool>());
    QVERIFY(point_picture(at::tensor({0.0, 0.0}, at::kDouble).view({1, 2})).min().item<double>() < 0.5);
  }

  void previewsAndCancellation() {
    const auto data = open_points("builtin:toy-swissroll");
    const auto player = find_system("edm").make_player(model_of(toy_config(*data), {}));
    struct Watcher : RenderObserver {
      mutable int asked = 0;
      int allowed = 1 << 20, previews = 0;
      std::int64_t last = -1;
      bool cancelled() const override { return asked++ >= allowed; }
      void on_step(const RenderStep& step) override {
        if (step.preview && step.preview().dim() == 4 && step.step == last + 1 && step.steps == 5 && step.state.dim() == 2) ++previews;
        last = step.step;
      }
    };
    Watcher all;
    QVERIFY(player->render({with({{"sampler.steps", std::int64_t{5}}})}, all).defined());
    QCOMPARE(all.previews, 6);  // the start and five steps
    Watcher impatient;
    impatient.allowed = 3;
    QVERIFY(!player->render({with({{"sampler.steps", std::int64_t{5}}})}, impatient).defined());
    QCOMPARE(impatient.asked, 4);
  }

  // What a tape relies on: going on from a recorded step, or branching with nothing changed, makes the same picture bit for bit.
  void goesOnFromAnyStep() {
    struct Tape : RenderObserver {
      std::vector<RenderStep> steps;
      std::int64_t known = -1, heard = 0;
      std::int64_t recorded() const override { return known; }
      RenderStep recorded_step(std::int64_t step) override { return steps.at(static_cast<std::size_t>(step)); }
      void on_step(const RenderStep& step) override {
        ++heard;
        if (known < 0) steps.push_back(step);
      }
    };
    const auto data = open_points("builtin:toy-swissroll");
    const auto player = find_system("edm").make_player(model_of(toy_config(*data), {}));
    for (const std::string sampler : {"heun", "euler", "midpoint", "ddim", "ddpm"}) {
      std::map<std::string, Value> values{{"sampler", std::string(sampler)}, {"sampler.steps", std::int64_t{7}}, {"seed", std::int64_t{5}}};
      if (sampler == "heun") values["churn"] = 20.0;
      Request request = with(values);
      for (const bool branches : {false, true}) {
        if (branches) request.branches = {{3, {{"sampler", std::string("euler")}, {"sampler.steps", std::int64_t{9}}}}, {5, {{"seed", std::int64_t{6}}}}};
        Tape tape;
        const at::Tensor whole = player->render({request}, tape);
        QVERIFY(tape.steps.size() >= 8 && tape.steps.back().level == 0.0);
        for (std::size_t i = 0; i < tape.steps.size(); ++i) {
          QCOMPARE(tape.steps[i].step, static_cast<std::int64_t>(i));
          if (i > 0) QVERIFY(tape.steps[i].level < tape.steps[i - 1].level);
        }
        for (std::int64_t from = 0; from < static_cast<std::int64_t>(tape.steps.size()); ++from) {
          tape.known = from;
          tape.heard = 0;
          QVERIFY2(at::equal(player->render({request}, tape), whole), qPrintable(QString("%1 from %2").arg(sampler.c_str()).arg(from)));
          QCOMPARE(tape.heard, static_cast<std::int64_t>(tape.steps.size()) - 1 - from);
        }
        if (branches) continue;
        RenderObserver nobody;
        Request same = request;
        same.branches = {{4, {{"seed", std::int64_t{5}}}}};
        QVERIFY(at::equal(player->render({same}, nobody), whole));
        Request other = request;
        other.branches = {{4, {{"sampler.steps", std::int64_t{30}}}}};
        QVERIFY(!at::equal(player->render({other}, nobody), whole));
        other.branches = {{8, {{"sampler.steps", std::int64_t{30}}}}};
        QVERIFY_THROWS_EXCEPTION(Error, player->render({other}, nobody));
      }
    }
  }

  void impossibleSettingsAreRefused() {
    const auto data = open_points("builtin:toy-swissroll");
    const auto player = find_system("edm").make_player(model_of(toy_config(*data), {}));
    RenderObserver nobody;
    try {
      player->render({with({{"sampler.spacing", std::string("vp")}, {"sampler.sigma_min", 1.0}})}, nobody);
      QFAIL("accepted");
    } catch (const Error& error) {
      QCOMPARE(exit_code(error.error().code), 2);
    }
    QVERIFY_THROWS_EXCEPTION(Error, player->render({with({{"sampler.steps", std::int64_t{0}}})}, nobody));
    QVERIFY_THROWS_EXCEPTION(Error, toy_config(*data, json::parse(R"({"network": {"arch": "adm"}})")));
  }
};

QTEST_GUILESS_MAIN(TestEdmTraining)
#include "test_edm_training.moc"
