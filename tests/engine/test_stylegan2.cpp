#include <ATen/ops/arange.h>
#include <ATen/ops/randn.h>
#include <torch/csrc/autograd/autograd.h>

#include <QTest>
#include <set>

#include "engine/gan/stylegan2_recipe.h"
#include "engine/io/module_weights.h"
#include "engine/nn/minibatch_std.h"
#include "engine/nn/resample_conv.h"
#include "engine/nn/reset.h"
#include "engine/parity/case.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

using namespace orrery;

namespace {

std::shared_ptr<nn::StyleGan2Generator> small_generator(nn::Architecture architecture = nn::Architecture::skip, std::int64_t classes = 0) {
  nn::MappingOptions mapping;
  mapping.z_dim = 8;
  mapping.c_dim = classes;
  mapping.num_layers = 2;
  nn::SynthesisOptions synthesis;
  synthesis.w_dim = 12;
  synthesis.resolution_px = 16;
  synthesis.channel_base = 128;
  synthesis.channel_max = 10;
  synthesis.architecture = architecture;
  auto g = std::make_shared<nn::StyleGan2Generator>(mapping, synthesis);
  nn::reset_all(*g, Rng(5));
  const at::NoGradGuard no_grad;
  for (auto& item : g->named_parameters()) {
    if (item.key().find("noise_strength") != std::string::npos) item.value().fill_(0.3);
  }
  return g;
}

SynthesisNoise random_noise(std::vector<std::uint64_t> seeds) {
  SynthesisNoise noise;
  noise.mode = SynthesisNoise::Mode::random;
  noise.seeds = std::move(seeds);
  return noise;
}

double largest_difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

}  // namespace

class TestStyleGan2 : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void referenceCases_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"discriminator_orig", "generator_clamp", "generator_orig", "generator_resnet", "loss", "op_bias_act",
                             "op_modulated_conv", "op_upfirdn2d", "projection", "step", "tables"}) {
      QTest::newRow(name) << QString(name);
    }
  }
  void referenceCases() {
    QFETCH(QString, name);
    std::vector<std::string> unknown;
    const auto reports = parity::run_folder(std::string(ORRERY_TEST_DIR "/vectors/stylegan2/") + name.toStdString(), "cpu", unknown);
    QCOMPARE(reports.size(), std::size_t{1});
    QVERIFY(unknown.empty());
    QVERIFY2(reports[0].error.empty(), reports[0].error.c_str());
    QVERIFY(reports[0].lines.size() >= 9);
    for (const auto& line : reports[0].lines) {
      QVERIFY2(line.ok,
               (line.name + ": error " + std::to_string(line.max_error) + ", tolerance " + std::to_string(line.tolerance) + " " + line.note)
                   .c_str());
    }
    QVERIFY(reports[0].ok);
  }

  // Each sample of a batch equals the sample alone, whatever its place: noise is counter-based.
  void noiseBelongsToTheSample() {
    const at::NoGradGuard no_grad;
    const auto g = small_generator();
    const at::Tensor ws = g->map(Rng(1).normal({3, 8}, at::kFloat), {});
    const at::Tensor together = g->synthesise(ws, random_noise({10, 11, 12}));
    for (int i = 0; i < 3; ++i) {
      const at::Tensor alone = g->synthesise(ws.narrow(0, i, 1), random_noise({static_cast<std::uint64_t>(10 + i)}));
      QVERIFY(largest_difference(together[i], alone[0]) < 2e-5);
    }
    QVERIFY(largest_difference(together[0], g->synthesise(ws, random_noise({13, 11, 12}))[0]) > 1e-3);
    QVERIFY_THROWS_EXCEPTION(std::invalid_argument, g->synthesise(ws, random_noise({1})));
  }

  void noiseModesAndStrength() {
    const at::NoGradGuard no_grad;
    const auto g = small_generator();
    const at::Tensor ws = g->map(Rng(1).normal({1, 8}, at::kFloat), {});
    SynthesisNoise none, weak, constant;
    none.mode = SynthesisNoise::Mode::none;
    weak.strength = 0.0;
    const at::Tensor without = g->synthesise(ws, none);
    QCOMPARE(largest_difference(without, g->synthesise(ws, weak)), 0.0);
    QVERIFY(largest_difference(without, g->synthesise(ws, constant)) > 1e-3);
    SynthesisNoise given = constant;
    for (const auto& [name, side] : g->noise_sizes()) given.given[name] = at::zeros({side, side});
    QCOMPARE(g->noise_sizes().size(), std::size_t{5});
    QVERIFY(largest_difference(without, g->synthesise(ws, given)) < 1e-6);
  }

  // Without gradients a single picture takes a shorter way; it is the same picture.
  void theShortWayIsTheSame() {
    for (const auto architecture : {nn::Architecture::skip, nn::Architecture::resnet, nn::Architecture::orig}) {
      const auto g = small_generator(architecture);
      const at::Tensor ws = g->map(Rng(1).normal({1, 8}, at::kFloat), {}).detach();
      const at::Tensor slow = g->synthesise(ws, random_noise({3})).detach();
      const at::NoGradGuard no_grad;
      const at::Tensor fast = g->synthesise(ws, random_noise({3}));
      QVERIFY(largest_difference(slow, fast) < 1e-5 * std::max(1.0, slow.std().item<double>()));
    }
  }

  void everyLayerIsSeen() {
    const at::NoGradGuard no_grad;
    const auto g = small_generator(nn::Architecture::resnet);
    std::set<std::string> names;
    g->synthesise_tapped(g->map(Rng(1).normal({1, 8}, at::kFloat), {}), {},
                         [&](const std::string& name, const at::Tensor&) { names.insert(name); });
    for (const char* name :
         {"b4.conv1", "b4.x", "b8.skip", "b8.conv0", "b8.conv1", "b8.x", "b16.skip", "b16.conv1", "b16.torgb", "b16.img"}) {
      QVERIFY2(names.count(name) == 1, name);
    }
    QVERIFY(names.count("b8.torgb") == 0);
  }

  void equalStreamsGiveEqualWeights() {
    const auto a = small_generator(), b = small_generator();
    nn::reset_all(*b, Rng(6));
    const auto of_a = io::named_weights(*a), of_b = io::named_weights(*b);
    QVERIFY(largest_difference(of_a.at("synthesis.b8.conv0.weight"), of_b.at("synthesis.b8.conv0.weight")) > 0.1);
    QVERIFY(largest_difference(of_a.at("synthesis.b8.conv0.weight"), of_a.at("synthesis.b8.conv1.weight")) > 0.1);
    nn::reset_all(*b, Rng(5));
    QCOMPARE(largest_difference(of_a.at("synthesis.b8.conv0.weight"), io::named_weights(*b).at("synthesis.b8.conv0.weight")), 0.0);
  }

  void truncationMovesTowardsTheMean() {
    const auto g = small_generator();
    const at::NoGradGuard no_grad;
    const at::Tensor ws = g->map(Rng(2).normal({4, 8}, at::kFloat), {});
    for (int i = 0; i < 2000; ++i) g->track_w(ws, {});
    QVERIFY(largest_difference(g->w_average(), ws.select(1, 0).mean(0)) < 1e-3);
    const at::Tensor centre = nn::truncate(ws, g->w_average(), 0.0, 2);
    QVERIFY(largest_difference(centre.narrow(1, 0, 2), g->w_average().expand({4, 2, 12})) < 1e-6);
    QCOMPARE(largest_difference(centre.narrow(1, 2, ws.size(1) - 2), ws.narrow(1, 2, ws.size(1) - 2)), 0.0);
  }

  void styleMatricesFollowTheStyles() {
    const auto g = small_generator();
    const auto matrices = g->style_matrices();
    QCOMPARE(static_cast<std::int64_t>(matrices.size()), g->shape().num_ws);
    for (const auto& matrix : matrices) QCOMPARE(matrix.size(1), std::int64_t{12});
  }

  // The fused and the un-fused form are the same function; so are all orders of up-sampling.
  void modulationFormsAgree() {
    const at::Tensor x = at::randn({3, 4, 6, 5}, at::kDouble), w = at::randn({7, 4, 3, 3}, at::kDouble), s = at::randn({3, 4}, at::kDouble);
    const at::Tensor filter = kernels::setup_filter(std::vector<double>{1, 3, 3, 1});
    for (const std::int64_t up : {1, 2}) {
      nn::ResampleConv o;
      o.up = up;
      o.padding = {1, 1, 1, 1};
      o.flip_weight = up == 1;
      const at::Tensor a = nn::modulated_conv2d(x, w, s, {}, filter, o), b = nn::modulated_conv2d(x, w, s, {}, filter, o, true, true);
      QVERIFY(largest_difference(a, b) < 1e-12);
    }
  }

  void minibatchStdGroups() {
    const at::Tensor x = at::arange(6, at::kDouble).view({6, 1, 1, 1}).expand({6, 1, 2, 2}).contiguous();
    const at::Tensor y = nn::minibatch_std(x, 2);  // groups {0, 3}, {1, 4}, {2, 5}
    QCOMPARE(y.sizes().vec(), (std::vector<std::int64_t>{6, 2, 2, 2}));
    QVERIFY((y.select(1, 1) - 1.5).abs().max().item<double>() < 1e-7);
    QVERIFY(nn::minibatch_std(x, 4).select(1, 1).sub(1.6329932).abs().max().item<double>() < 1e-6);  // 4 does not divide 6: groups of 3
    QVERIFY(nn::minibatch_std(x, 0).select(1, 1).sub(1.7078251276).abs().max().item<double>() < 1e-7);
    QVERIFY(nn::minibatch_std(x.narrow(0, 0, 1), 4).select(1, 1).abs().max().item<double>() < 1e-3);
    QCOMPARE(nn::minibatch_std(x.narrow(0, 0, 0), 4).size(1), std::int64_t{2});
  }

  void configurationIsChecked_data() {
    QTest::addColumn<QString>("path");
    QTest::addColumn<QString>("text");
    QTest::addColumn<int>("side");
    QTest::newRow("unknown key") << "objective.r1_gama"
                                 << "1" << 32;
    QTest::newRow("out of range") << "train.batch"
                                  << "0" << 32;
    QTest::newRow("wrong type") << "network.noise"
                                << "\"yes\"" << 32;
    QTest::newRow("choice") << "network.architecture_g"
                            << "\"resnext\"" << 32;
    QTest::newRow("not a power of two") << "network.resolution_px"
                                        << "0" << 48;
    QTest::newRow("no channel left") << "network.channel_base"
                                     << "64" << 128;
  }
  void configurationIsChecked() {
    QFETCH(QString, path);
    QFETCH(QString, text);
    QFETCH(int, side);
    const System& system = find_system("stylegan2");
    auto json = config::resolve_preset(system.defaults(), system.presets(), "tiny");
    config::set_path(json, path.toStdString(), text.toStdString());
    DataShape data;
    data.resolution_px = side;
    try {
      system.resolve(json, data);
      QFAIL("accepted");
    } catch (const Error& error) {
      QCOMPARE(static_cast<int>(error.error().code), static_cast<int>(ErrorCode::wrong_use));
      QVERIFY2(error.error().what_happened.find(path.toStdString()) != std::string::npos, error.error().what_happened.c_str());
    }
  }

  void presetsResolve() {
    const System& system = find_system("stylegan2");
    for (const auto& [id, side, gamma] :
         {std::tuple{"tiny", 32, 0.0128}, {"small", 64, 0.0512}, {"paper256", 256, 1.0}, {"paper1024", 1024, 10.0}}) {
      const auto json = config::resolve_preset(system.defaults(), system.presets(), id);
      QCOMPARE(system.wanted_size_px(json), side);
      DataShape data;
      data.resolution_px = side;
      const auto resolved = system.resolve(json, data);
      QVERIFY(std::fabs(resolved["objective"]["r1_gamma"].get<double>() - gamma) < 1e-12);
      QCOMPARE(system.resolve(resolved, data).dump(), resolved.dump());
    }
  }
};

QTEST_GUILESS_MAIN(TestStyleGan2)
#include "test_stylegan2.moc"
