// EDM's networks, preconditioning, losses and samplers against recorded numbers and closed forms.
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include <QTest>
#include <cmath>
#include <stdexcept>

#include "engine/diffusion/denoising_objective.h"
#include "engine/diffusion/edm_recipe.h"
#include "engine/diffusion/sampler_list.h"
#include "engine/nn/attention.h"
#include "engine/nn/reset.h"
#include "engine/parity/case.h"

using namespace orrery;
using namespace orrery::diffusion;

namespace {

// Data N(mean, variance) per coordinate: D, the flow and everything else in closed form.
struct Gaussian {
  at::Tensor mean = at::tensor({0.3, -0.5}, at::kDouble), variance = at::tensor({0.04, 0.5}, at::kDouble);
  Denoise denoiser() const {
    return [*this](const at::Tensor& x, double sigma, std::int64_t) { return (x * variance + mean * (sigma * sigma)) / (variance + sigma * sigma); };
  }
  // Where the flow takes noise of level `from` (latents times `from`) at level 0.
  at::Tensor end(const at::Tensor& latents, double from) const { return mean + (latents * from - mean) * (variance / (variance + from * from)).sqrt(); }
};

at::Tensor points(std::int64_t count, std::uint64_t seed = 3) { return Rng(seed).normal({count, 2}, at::kDouble); }

SamplerSettings steps(std::int64_t count) {
  SamplerSettings s;
  s.ladder.steps = count;
  s.ladder.sigma_max = 40.0;
  return s;
}

const NamedSampler& sampler(const std::string& name) {
  for (const auto& one : samplers())
    if (one.name == name) return one;
  throw std::invalid_argument(name);
}

EdmConfig small_config(const std::string& arch, std::int64_t classes) {
  EdmConfig config;
  config.network.arch = arch;
  config.network.resolution_px = 8;
  config.network.classes = classes;
  config.network.width = 16;
  config.network.multipliers = {1, 2};
  config.network.blocks = 1;
  config.network.attention_px = {4};
  return config;
}

std::shared_ptr<PreconditionedDenoiser> small_net(const std::string& arch, std::int64_t classes = 0) {
  const auto net = make_edm_denoiser(small_config(arch, classes));
  nn::reset_all(*net, Rng(2));
  const at::NoGradGuard no_grad;
  std::uint64_t number = 0;
  for (auto& item : net->named_parameters()) item.value().add_(Rng(5).fork(number++).normal(item.value().sizes(), at::kFloat), 0.1);
  net->eval();
  return net;
}

}  // namespace

class TestEdm : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void referenceCases_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"augment", "forward_ncsnpp_iddpm", "forward_skip", "loss_edm", "sampler_ablation_vp", "step", "tables", "unit_blocks"})
      QTest::newRow(name) << QString(name);
  }
  void referenceCases() {
    QFETCH(QString, name);
    std::vector<std::string> none;
    const auto reports = parity::run_folder(ORRERY_TEST_DIR "/vectors/edm/" + name.toStdString(), "cpu", none);
    QCOMPARE(reports.size(), std::size_t{1});
    QVERIFY(none.empty());
    QVERIFY2(reports[0].error.empty(), reports[0].error.c_str());
    QVERIFY(reports[0].lines.size() > 3);
    for (const auto& line : reports[0].lines)
      QVERIFY2(line.ok, (line.name + " " + std::to_string(line.max_error) + " > " + std::to_string(line.tolerance) + " " + line.note).c_str());
  }

  void ordersOfConvergence_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<double>("order");
    QTest::newRow("euler") << QString("euler") << 1.0;
    QTest::newRow("heun") << QString("heun") << 2.0;
    QTest::newRow("midpoint") << QString("midpoint") << 2.0;
    QTest::newRow("ralston") << QString("ralston") << 2.0;
  }
  void ordersOfConvergence() {
    QFETCH(QString, name);
    QFETCH(double, order);
    const Gaussian data;
    const at::Tensor z = points(64);
    std::vector<double> errors;
    for (const int count : {8, 16, 32, 64}) {
      const at::Tensor x = sampler(name.toStdString()).sample(data.denoiser(), z, steps(count), {}, nullptr);
      errors.push_back((x - data.end(z, 40.0)).square().sum(1).mean().sqrt().item<double>());
    }
    for (std::size_t i = 1; i < errors.size(); ++i) QVERIFY2(errors[i] < errors[i - 1], std::to_string(errors[i]).c_str());
    const double seen = std::log2(errors[2] / errors[3]);
    // The midpoint's leading error nearly vanishes on a Gaussian: it falls faster than its order says until the last step's error is met.
    QVERIFY2(seen > order - 0.3 && (name == "midpoint" || seen < order + 0.3), std::to_string(seen).c_str());
  }

  // Other times and scalings are the same curve: fine steps meet.
  void choicesOfTheTableMeet() {
    const Gaussian data;
    const at::Tensor z = points(16);
    for (const auto grid : {Grid::edm, Grid::vp, Grid::ve, Grid::iddpm})
      for (const auto schedule : {TimeSchedule::linear, TimeSchedule::vp, TimeSchedule::ve})
        for (const auto scaling : {Scaling::none, Scaling::vp}) {
          SamplerSettings s = steps(512);
          s.ladder.grid = grid;
          s.schedule = schedule;
          s.scaling = scaling;
          const at::Tensor x = sampler("heun").sample(data.denoiser(), z, s, {}, nullptr);
          const double start = noise_ladder(s.ladder).front();
          const double off = (x - data.end(z, start)).abs().max().item<double>();
          QVERIFY2(off < 0.02, qPrintable(QString("grid %1 schedule %2 scaling %3: %4").arg(int(grid)).arg(int(schedule)).arg(int(scaling)).arg(off)));
        }
  }

  void churnKeepsTheDistribution() {
    const Gaussian data;
    SamplerSettings s = steps(32);
    s.churn = 20.0;
    std::vector<std::uint64_t> seeds;
    for (std::uint64_t i = 0; i < 4096; ++i) seeds.push_back(i);
    const at::Tensor x = sampler("heun").sample(data.denoiser(), points(4096), s, seeded_noise(seeds), nullptr);
    QVERIFY((x.mean(0) - data.mean).abs().max().item<double>() < 0.05);
    QVERIFY((x.var(0) / data.variance - 1).abs().max().item<double>() < 0.15);
  }

  void aSampleIsItsOwn() {
    const Gaussian data;
    SamplerSettings s = steps(8);
    s.churn = 10.0;
    std::vector<std::uint64_t> seeds;
    for (std::uint64_t i = 0; i < 16; ++i) seeds.push_back(100 + i);
    const at::Tensor z = points(16);
    const at::Tensor all = sampler("heun").sample(data.denoiser(), z, s, seeded_noise(seeds), nullptr);
    QVERIFY(all.narrow(0, 7, 1).equal(sampler("heun").sample(data.denoiser(), z.narrow(0, 7, 1), s, seeded_noise({107}), nullptr)));
    QVERIFY(!all.narrow(0, 7, 1).equal(sampler("heun").sample(data.denoiser(), z.narrow(0, 7, 1), s, seeded_noise({108}), nullptr)));
  }

  void observersSeeEveryStepAndCancel() {
    const Gaussian data;
    struct Watcher : SampleObserver {
      std::int64_t asked = 0, allowed = 1000, steps = 0, evaluations = 0;
      double sigma = 1e9;
      bool falling = true;
      bool cancelled() override { return asked++ >= allowed; }
      void on_step(const SampleStep& step) override {
        falling = falling && step.step == steps && step.sigma < sigma && step.x.sizes() == step.x0.sizes();
        sigma = step.sigma;
        ++steps;
        evaluations = step.evaluations;
      }
    };
    Watcher all;
    QVERIFY(sampler("heun").sample(data.denoiser(), points(2), steps(6), {}, &all).defined());
    QCOMPARE(all.steps, std::int64_t{6});
    QCOMPARE(all.evaluations, std::int64_t{11});
    QVERIFY(all.falling);
    QCOMPARE(all.sigma, 0.0);
    int calls = 0;
    const Denoise counted = [&](const at::Tensor& x, double sigma, std::int64_t step) {
      ++calls;
      return data.denoiser()(x, sigma, step);
    };
    Watcher impatient;
    impatient.allowed = 4;
    QVERIFY(!sampler("heun").sample(counted, points(2), steps(6), {}, &impatient).defined());
    QCOMPARE(calls, 4);
  }

  void impossibleLaddersAreRefused() {
    LadderOptions bad;
    bad.steps = 0;
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, noise_ladder(bad));
    bad = {};
    bad.sigma_min = 90.0;
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, noise_ladder(bad));
    bad = {};
    bad.sigma_min = 0.0;
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, noise_ladder(bad));
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, VpSchedule::through(0.6, 150.0, 1e-3));
    LadderOptions one;
    one.steps = 1;
    QCOMPARE(noise_ladder(one).size(), std::size_t{1});
    QVERIFY(std::fabs(noise_ladder(one)[0] - 80.0) < 1e-9);
  }

  void networksAreConditioned_data() {
    QTest::addColumn<QString>("arch");
    for (const char* arch : {"ddpmpp", "ncsnpp", "adm", "mlp"}) QTest::newRow(arch) << QString(arch);
  }
  void networksAreConditioned() {
    QFETCH(QString, arch);
    const auto net = small_net(arch.toStdString(), 3);
    const at::NoGradGuard no_grad;
    const at::Tensor x = Rng(1).normal({2, 3, 8, 8}, at::kDouble), sigma = at::tensor({0.5, 2.0}, at::kDouble);
    const at::Tensor cat = at::tensor({1.0f, 0.0f, 0.0f}).expand({2, 3}), dog = at::tensor({0.0f, 1.0f, 0.0f}).expand({2, 3});
    const at::Tensor a = net->denoise(x, sigma, {cat, {}});
    QCOMPARE(a.scalar_type(), at::kDouble);  // of x
    QVERIFY(a.sizes() == x.sizes());
    QVERIFY((a - net->denoise(x, sigma, {dog, {}})).abs().max().item<double>() > 1e-4);
    QVERIFY((a - net->denoise(x, sigma * 2, {cat, {}})).abs().max().item<double>() > 1e-4);
    // The empty condition is a row of zeros.
    QVERIFY((net->denoise(x, sigma, {}) - net->denoise(x, sigma, {at::zeros({2, 3}), {}})).abs().max().item<double>() < 1e-6);
  }

  void attentionOrdersAreOneFunction() {
    const std::int64_t heads = 2, per_head = 3;
    const at::Tensor parts = Rng(9).normal({1, heads, per_head, 3, 4}, at::kDouble);  // head, channel, q k v, pixel
    const auto flat = [](const at::Tensor& t) { return t.reshape({1, -1, 2, 2}); };
    const at::Tensor a = nn::pixel_attention(flat(parts), heads);
    QVERIFY((a - nn::pixel_attention(flat(parts.permute({0, 1, 3, 2, 4})), heads, nn::QkvOrder::head_qkv_channel)).abs().max().item<double>() < 1e-12);
    QVERIFY((a - nn::pixel_attention(flat(parts.permute({0, 3, 1, 2, 4})), heads, nn::QkvOrder::qkv_head_channel)).abs().max().item<double>() < 1e-12);
  }

  void classesAreDroppedAsOftenAsAsked() {
    const auto net = small_net("mlp", 3);
    DenoisingOptions options;
    options.drop_classes = 0.25;
    const DenoisingObjective objective({}, options);
    DenoisingDraws draws;
    draws.level = at::zeros({2}), draws.noise = Rng(4).normal({2, 3, 8, 8}, at::kFloat), draws.keep = at::tensor({0.2f, 0.3f});
    const at::Tensor x = Rng(6).normal({2, 3, 8, 8}, at::kFloat), classes = at::tensor({0.0f, 1.0f, 0.0f}).expand({2, 3});
    const at::NoGradGuard no_grad;
    const at::Tensor with = objective.loss_map(*net, x, classes, draws);
    const at::Tensor without = objective.loss_map(*net, x, at::zeros({2, 3}), draws);
    QVERIFY(with[0].equal(without[0]));
    QVERIFY(!with[1].equal(without[1]));
  }

  void toldAugmentation() {
    ToldAugmentConfig config;
    config.p = 0.5;
    config.xflip = 1e8, config.yflip = config.scale = config.rotate_frac = config.aniso = config.translate_frac = 1.0;
    QCOMPARE(config.label_dim(), std::int64_t{9});
    std::vector<ToldDraw> draws;
    for (std::uint64_t i = 0; i < 64; ++i) draws.push_back(ToldDraw::random(Rng(1).fork(i)));
    const at::Tensor images = Rng(2).uniform({64, 3, 8, 8}, at::kFloat);
    const Told told = told_augment(images, config, draws);
    QVERIFY(told.images.sizes() == images.sizes() && told.images.isfinite().all().item<bool>());
    const double flipped = told.labels.select(1, 0).mean().item<double>(), turned = told.labels.select(1, 3).ne(0).to(at::kFloat).mean().item<double>();
    QVERIFY(flipped > 0.3 && flipped < 0.7);
    QVERIFY(turned > 0.3 && turned < 0.7);
    config.p = 0.0;
    QCOMPARE(config.label_dim(), std::int64_t{0});
  }

  void iddpmRounds() {
    PreconditionOptions options;
    options.kind = Precondition::iddpm;
    struct None : nn::RawNetwork {
      None() { register_parameter("unused", at::zeros({1})); }
      at::Tensor forward(const nn::NetworkInput& input, const LayerTap&) override { return input.x; }
    };
    const PreconditionedDenoiser net(std::make_shared<None>(), options, {});
    const at::Tensor u = net.named_buffers()["u"];
    QVERIFY(net.round_sigma(u).equal(u));
    QVERIFY((net.round_sigma(at::full({1}, 1.0)) - 1.0).abs().item<double>() < 0.01);
  }
};

QTEST_GUILESS_MAIN(TestEdm)
#include "test_edm.moc"
