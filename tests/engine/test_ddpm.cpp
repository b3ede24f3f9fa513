// DDPM: its network, the discrete process, losses, gradient clipping, the Denoiser made of it.
#include <ATen/ops/cat.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include <QTest>
#include <cmath>

#include "engine/api/result.h"
#include "engine/diffusion/ancestral.h"
#include "engine/diffusion/beta_schedule.h"
#include "engine/diffusion/ddim_sampler.h"
#include "engine/diffusion/discrete_denoiser.h"
#include "engine/diffusion/discrete_objective.h"
#include "engine/diffusion/discrete_steps.h"
#include "engine/diffusion/gaussian_mixture.h"
#include "engine/diffusion/timestep_spacing.h"
#include "engine/diffusion/vlb.h"
#include "engine/io/module_weights.h"
#include "engine/nn/ddpm_unet.h"
#include "engine/nn/ddpm_unet_weights.h"
#include "engine/nn/reset.h"
#include "engine/parity/case.h"
#include "engine/train/optimiser.h"

using namespace orrery;
using namespace orrery::diffusion;

namespace {

nn::DdpmUnetOptions tiny_options() {
  nn::DdpmUnetOptions o;
  o.resolution_px = 16;
  o.channels = 8;
  o.channel_mult = {1, 2};
  o.num_blocks = 1;
  o.attn_resolutions = {8};
  o.dropout = 0.0;
  o.norm_groups = 4;
  return o;
}

std::shared_ptr<nn::DdpmUnet> tiny_unet(nn::DdpmUnetOptions options = tiny_options()) {
  const auto net = std::make_shared<nn::DdpmUnet>(options);
  nn::reset_all(*net, Rng(3));
  // Layers that start at zero would hide what stands before them.
  const at::NoGradGuard no_grad;
  std::uint64_t number = 0;
  for (auto& item : net->named_parameters()) {
    Rng rng = Rng(7).fork(number++);
    if (item.value().abs().max().item<double>() == 0.0) item.value().add_(rng.normal(item.value().sizes(), at::kFloat), 0.1);
    item.value().requires_grad_(false);
  }
  return net;
}

std::shared_ptr<DiscreteDenoiser> tiny_denoiser() {
  DenoiserShape shape;
  shape.sample = {3, 16, 16};
  return std::make_shared<DiscreteDenoiser>(tiny_unet(), cumulative_alphas(make_betas(BetaLaw::linear, 1000)), shape);
}

Denoise one_by_one(DiscreteDenoiser& net) {
  return [&net](const at::Tensor& x, double sigma, std::int64_t) {
    std::vector<at::Tensor> rows;
    for (std::int64_t i = 0; i < x.size(0); ++i) rows.push_back(net.denoise(x.narrow(0, i, 1), at::full({1}, sigma, at::kDouble), {}));
    return at::cat(rows);
  };
}

}  // namespace

class TestDdpm : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void recordedCases() {
    std::vector<std::string> unknown;
    const auto reports = parity::run_folder(ORRERY_TEST_DIR "/vectors/ddpm", "cpu", unknown);
    QCOMPARE(reports.size(), std::size_t{5});
    QVERIFY(unknown.empty());
    for (const auto& report : reports) {
      for (const auto& line : report.lines) QVERIFY2(line.ok, (report.folder + " " + line.name + " " + std::to_string(line.max_error) + " " + line.note).c_str());
      QVERIFY2(report.ok, (report.folder + " " + report.error).c_str());
    }
  }

  void weightsTellHowTheyWereBuilt() {
    for (const bool with_conv : {true, false}) {
      nn::DdpmUnetOptions o = tiny_options();
      o.channels = 32;
      o.channel_mult = {1, 3, 2};
      o.num_blocks = 2;
      o.attn_resolutions = {16, 4};
      o.resample_with_conv = with_conv;
      o.norm_groups = 32;
      const auto found = nn::ddpm_unet_options(io::named_weights(nn::DdpmUnet(o)), 16);
      QVERIFY(found);
      QCOMPARE(found->channels, std::int64_t{32});
      QCOMPARE(found->channel_mult, o.channel_mult);
      QCOMPARE(found->num_blocks, std::int64_t{2});
      QCOMPARE(found->attn_resolutions, o.attn_resolutions);
      QCOMPARE(found->resample_with_conv, with_conv);
    }
    QVERIFY(!nn::ddpm_unet_options({{"conv_in.weight", at::zeros({8, 3, 3, 3})}}, 32));
    nn::DdpmUnetOptions odd = tiny_options();
    odd.norm_groups = 3;
    QVERIFY_EXCEPTION_THROWN(nn::DdpmUnet{odd}, Error);
  }

  void dropoutIsDrawnFromItsStream() {
    nn::DdpmUnetOptions o = tiny_options();
    o.dropout = 0.5;
    const auto net = tiny_unet(o);
    nn::NetworkInput input;
    input.x = Rng(1).normal({2, 3, 16, 16}, at::kFloat);
    input.noise = at::tensor({10.0F, 700.0F});
    const at::Tensor plain = net->forward(input);
    const auto with = [&](std::uint64_t seed) {
      Rng rng(seed);
      input.dropout = &rng;
      return net->forward(input);
    };
    QVERIFY(with(1).equal(with(1)));
    QVERIFY(!with(1).equal(with(2)));
    QVERIFY(!with(1).equal(plain));
  }

  // Denoiser and network say the same at every timestep, also when the noise level went through float32.
  void aNoisePredictorIsADenoiser() {
    const auto net = tiny_denoiser();
    const auto& powers = net->alpha_bars();
    QVERIFY(std::abs(net->shape().sigma_max - 157.4) < 0.5);
    for (const std::int64_t t : {0, 1, 499, 998, 999}) {
      const double power = powers[static_cast<std::size_t>(t)], sigma = sigma_of(power);
      QCOMPARE(net->timestep_of(sigma), static_cast<double>(t));
      QCOMPARE(net->timestep_of(static_cast<float>(sigma)), static_cast<double>(t));
      const at::Tensor x_t = Rng(5).normal({2, 3, 16, 16}, at::kDouble), steps = at::tensor(std::vector<std::int64_t>{t, t}, at::kLong);
      const at::Tensor expected = x0_of(x_t, net->predict_noise(x_t, steps).to(at::kDouble), power);
      const at::Tensor x0 = net->denoise(x_t / std::sqrt(power), at::full({2}, sigma, at::kDouble), {});
      QVERIFY((x0 - expected).abs().max().item<double>() < 2e-4 * sigma + 1e-5);
    }
    const double between = std::sqrt(sigma_of(powers[10]) * sigma_of(powers[11]));
    QVERIFY(std::abs(net->timestep_of(between) - 10.5) < 1e-6);
    QCOMPARE(net->round_sigma(at::full({1}, 1e-6, at::kDouble)).item<double>(), sigma_of(powers[0]));
    QCOMPARE(net->round_sigma(at::full({1}, 1e6, at::kDouble)).item<double>(), sigma_of(powers[999]));
    QCOMPARE(net->round_sigma(at::full({1}, sigma_of(powers[10]) * 1.0001, at::kDouble)).item<double>(), sigma_of(powers[10]));
    // One number for the whole batch.
    const at::Tensor x = Rng(5).normal({2, 3, 16, 16}, at::kDouble);
    QVERIFY(net->denoise(x, at::full({1}, 2.0, at::kDouble), {}).equal(net->denoise(x, at::full({2}, 2.0, at::kDouble), {})));
  }

  // With the network asked for one sample at a time, as players do: convolutions of different batches differ in rounding.
  void oneOfABatchIsTheOneAlone() {
    const at::NoGradGuard no_grad;
    const auto net = tiny_denoiser();
    std::vector<double> ladder;
    for (const auto t : uniform_timesteps(1000, 5)) ladder.insert(ladder.begin(), net->alpha_bars()[static_cast<std::size_t>(t)]);
    ladder.push_back(1.0);
    std::vector<std::uint64_t> seeds;
    for (std::uint64_t i = 0; i < 16; ++i) seeds.push_back(40 + i);
    SampleObserver nobody;
    const auto run = [&](const std::vector<std::uint64_t>& list) {
      return sample_ancestral(one_by_one(*net), normal_per_sample(list, 9, {3, 16, 16}, at::kDouble) / std::sqrt(ladder.front()), ladder, {}, seeded_noise(list), nobody);
    };
    const at::Tensor all = run(seeds), alone = run({seeds[7]});
    QVERIFY(alone.isfinite().all().item<bool>());
    QVERIFY(alone[0].equal(all[7]));
  }

  void timestepsAreAntithetic() {
    for (const std::int64_t count : {1, 2, 5, 16}) {
      const at::Tensor t = draw_timesteps(Rng(3), count, 1000, true, at::kCPU);
      QCOMPARE(t.size(0), count);
      QVERIFY(t.min().item<std::int64_t>() >= 0 && t.max().item<std::int64_t>() <= 999);
      const auto half = count / 2 + 1;
      for (std::int64_t i = half; i < count; ++i) QCOMPARE(t[i].item<std::int64_t>(), 999 - t[i - half].item<std::int64_t>());
    }
    const at::Tensor many = draw_timesteps(Rng(3), 20000, 10, false, at::kCPU);
    for (std::int64_t k = 0; k < 10; ++k) QVERIFY(std::abs(many.eq(k).sum().item<double>() - 2000.0) < 250.0);
  }

  // A network that knows the truth about Gaussian data reaches the data's entropy, up to the discretisation into 256 levels.
  void theBoundOfAnExactModelIsTheEntropy() {
    const double deviation = 0.3;
    const DiscreteSchedule schedule(make_betas(BetaLaw::linear, 1000));
    Rng rng(8);
    const at::Tensor x0 = ((rng.normal({16, 64}, at::kDouble) * deviation).clamp(-1.0, 1.0) * 127.5).round() / 127.5;
    const auto exact = [&](const at::Tensor& x_t, const at::Tensor& t) {
      const at::Tensor power = gather(schedule.alpha_bars, t, x_t);
      return (1.0 - power).sqrt() * x_t / (power * deviation * deviation + 1.0 - power);
    };
    const auto noise = [](std::int64_t t) { return Rng(20).fork(static_cast<std::uint64_t>(t)).normal({16, 64}, at::kDouble); };
    const Bound bound = variational_bound(schedule, exact, x0, FixedVariance::small, noise);
    const double bits = bound.total.mean().item<double>(), entropy = std::log2(deviation * std::sqrt(2 * M_PI * M_E) / (2.0 / 255.0));
    // What the first step costs: its noise of 0.01 against levels 0.0078 apart.
    QVERIFY2(bits > entropy && bits < entropy + 1.0, (std::to_string(bits) + " against " + std::to_string(entropy)).c_str());
    QVERIFY(bound.prior.max().item<double>() < 1e-3);
    QVERIFY(!variational_bound(schedule, exact, x0, FixedVariance::small, noise, [] { return true; }).total.defined());
  }

  void probabilitiesOfAllLevelsSumToOne() {
    const at::Tensor levels = at::arange(256, at::kDouble) / 127.5 - 1.0;
    for (const double mean : {-0.99, 0.0, 0.4})
      for (const double log_scale : {-4.0, -1.0}) {
        const at::Tensor p = discretised_gaussian_log_likelihood(levels, at::full({}, mean, at::kDouble), at::full({}, log_scale, at::kDouble)).exp();
        QVERIFY(std::abs(p.sum().item<double>() - 1.0) < 1e-6);
      }
  }

  void gradientsAreClippedByTheirTotalNorm() {
    struct Pair : torch::nn::Module {
      Pair() {
        a = register_parameter("a", at::zeros({2}));
        b = register_parameter("b", at::zeros({1}));
      }
      at::Tensor a, b;
    };
    const auto moments = [](double clip, double size) {
      const auto module = std::make_shared<Pair>();
      TrainState state;
      state.modules = {{"net", module}};
      OptimiserConfig config;
      config.modules = {"net"};
      config.clip_norm = clip;
      Optimiser optimiser({config}, state);
      module->a.mutable_grad() = at::tensor({3.0F, 0.0F}) * size;
      module->b.mutable_grad() = at::tensor({4.0F}) * size;
      const double norm = gradient_norm(module->parameters());
      optimiser.step({"net"}, false, 1.0);
      std::map<std::string, at::Tensor> saved;
      optimiser.save(saved);
      // beta1 is 0: the first moment is the gradient that was used.
      return std::make_pair(norm, std::make_pair(saved.at("adam.m/net/a")[0].item<double>(), saved.at("adam.m/net/b")[0].item<double>()));
    };
    const auto far = moments(1.0, 2.0);
    QVERIFY(std::abs(far.first - 10.0) < 1e-6);
    QVERIFY(std::abs(far.second.first - 0.6) < 1e-5 && std::abs(far.second.second - 0.8) < 1e-5);
    const auto near = moments(1.0, 0.1), never = moments(0.0, 2.0);
    QVERIFY(std::abs(near.second.first - 0.3) < 1e-6);
    QVERIFY(std::abs(never.second.first - 6.0) < 1e-6);
  }

  void impossibleSchedulesAreRefused() {
    QVERIFY_EXCEPTION_THROWN(make_betas(BetaLaw::linear, 0), Error);
    QVERIFY_EXCEPTION_THROWN(make_betas(BetaLaw::linear, 10, 0.5, 1.5), Error);
    QVERIFY_EXCEPTION_THROWN(beta_law_from_name("steep"), Error);
    QVERIFY_EXCEPTION_THROWN(DiscreteSchedule({0.1}), Error);
    QVERIFY_EXCEPTION_THROWN(DiscreteSchedule({0.1, 0.0}), Error);
    QVERIFY_EXCEPTION_THROWN(DiscreteDenoiser(tiny_unet(), {0.5, 0.6}, {}), Error);
  }
};

QTEST_GUILESS_MAIN(TestDdpm)
#include "test_ddpm.moc"
