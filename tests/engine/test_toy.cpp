// Data whose score is known in closed form: the mixture itself, the differential-equation solvers, and the samplers' orders of convergence.
#include <ATen/ops/eye.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <QTest>
#include <cmath>

#include "engine/api/result.h"
#include "engine/device/rng.h"
#include "engine/diffusion/ancestral.h"
#include "engine/diffusion/ddim_sampler.h"
#include "engine/diffusion/discrete_steps.h"
#include "engine/diffusion/dpm_solver.h"
#include "engine/diffusion/gaussian_mixture.h"
#include "engine/diffusion/probability_flow.h"
#include "engine/parity/case.h"

using namespace orrery;
using namespace orrery::diffusion;

namespace {

at::Tensor numbers(std::vector<double> values) { return at::tensor(values, at::kDouble); }

GaussianMixture three_in(std::int64_t dimensions) {
  Rng rng(5);
  const at::Tensor means = rng.normal({3, dimensions}, at::kDouble), roots = rng.normal({3, dimensions, dimensions}, at::kDouble) * 0.3;
  return {numbers({1.0, 2.0, 0.5}), means, roots.matmul(roots.transpose(1, 2)) + at::eye(dimensions, at::kDouble) * 0.01};
}

at::Tensor start(std::int64_t count, std::int64_t dimensions) { return Rng(9).normal({count, dimensions}, at::kDouble); }

double distance(const at::Tensor& a, const at::Tensor& b) { return std::sqrt((a - b).square().sum(1).mean().item<double>()); }

// Evenly spaced in log sigma, noisiest first.
std::vector<double> even_sigmas(double high, double low, std::int64_t steps) {
  std::vector<double> sigmas;
  for (std::int64_t i = 0; i <= steps; ++i) sigmas.push_back(high * std::pow(low / high, static_cast<double>(i) / static_cast<double>(steps)));
  return sigmas;
}

std::vector<double> powers(const std::vector<double>& sigmas) {
  std::vector<double> list;
  for (const double sigma : sigmas) list.push_back(alpha_bar_of(sigma));
  return list;
}

}  // namespace

class TestToy : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void recordedCases() {
    std::vector<std::string> unknown;
    const auto reports = parity::run_folder(ORRERY_TEST_DIR "/vectors/toy", "cpu", unknown);
    QVERIFY(reports.size() >= 5);
    QVERIFY(unknown.empty());
    for (const auto& report : reports) {
      for (const auto& line : report.lines) QVERIFY2(line.ok, (report.folder + " " + line.name + " " + std::to_string(line.max_error) + " " + line.note).c_str());
      QVERIFY2(report.ok, (report.folder + " " + report.error).c_str());
    }
  }

  void theScoreIsTheSlopeOfTheDensity() {
    for (const std::int64_t dimensions : {2, 5}) {
      const GaussianMixture mixture = three_in(dimensions);
      const at::Tensor x = start(7, dimensions);
      for (const double sigma : {0.0, 0.3, 4.0}) {
        const at::Tensor score = mixture.score(x, sigma);
        at::Tensor divergence = at::zeros({7}, at::kDouble);
        for (std::int64_t d = 0; d < dimensions; ++d) {
          const double h = 1e-5;
          at::Tensor up = x.clone(), down = x.clone();
          up.select(1, d) += h;
          down.select(1, d) -= h;
          const at::Tensor slope = (mixture.log_density(up, sigma) - mixture.log_density(down, sigma)) / (2 * h);
          QVERIFY((slope - score.select(1, d)).abs().max().item<double>() < 1e-5 * (1.0 + score.abs().max().item<double>()));
          divergence += (mixture.score(up, sigma).select(1, d) - mixture.score(down, sigma).select(1, d)) / (2 * h);
        }
        const at::Tensor exact = mixture.score_divergence(x, sigma);
        QVERIFY((divergence - exact).abs().max().item<double>() < 1e-5 * (1.0 + exact.abs().max().item<double>()));
        QVERIFY((mixture.denoise(x, sigma) - (x + score * (sigma * sigma))).abs().max().item<double>() < 1e-10);
        QVERIFY((mixture.responsibilities(x, sigma).sum(1) - 1.0).abs().max().item<double>() < 1e-12);
      }
    }
  }

  void mixturesThatAreNoneAreRefused() {
    const at::Tensor means = at::zeros({2, 2}, at::kDouble), unit = at::eye(2, at::kDouble).expand({2, 2, 2});
    QVERIFY_EXCEPTION_THROWN(GaussianMixture(numbers({1.0, 0.0}), means, unit), Error);
    QVERIFY_EXCEPTION_THROWN(GaussianMixture(numbers({1.0}), means, unit), Error);
    QVERIFY_EXCEPTION_THROWN(GaussianMixture(numbers({1.0, 1.0}), means, -unit), Error);
    QVERIFY_EXCEPTION_THROWN(three_in(2).flow(start(1, 2), 1.0, 0.5), Error);
  }

  void aSingleGaussianFlowsAsItsFormulaSays() {
    const GaussianMixture one = three_in(3).component(1);
    const at::Tensor x = start(5, 3) * 10.0;
    const Score score = [&](const at::Tensor& y, double sigma) { return one.score(y, sigma); };
    const OdeResult end = integrate_dop853(edm_flow(score), 10.0, 0.1, x, {1e-11, 1e-12, {}}, {3.0, 1.0});
    QVERIFY((end.y - one.flow(x, 10.0, 0.1)).abs().max().item<double>() < 1e-8);
    QVERIFY((end.at.at(0) - one.flow(x, 10.0, 3.0)).abs().max().item<double>() < 1e-7);
    QVERIFY((end.at.at(1) - one.flow(x, 10.0, 1.0)).abs().max().item<double>() < 1e-7);
    QVERIFY(integrate_rk45(edm_flow(score), 10.0, 0.1, x, {1e-6, 1e-6, {}}).evaluations < 6 * 200);
    // The variance-preserving process is the same curve in other coordinates.
    const VpProcess vp;
    const at::Tensor z = start(5, 3);
    const at::Tensor there = integrate_dop853(vp_flow(score, vp), 1.0, 0.2, z, {1e-11, 1e-12, {}}).y;
    QVERIFY((there - one.flow(z / vp.scale(1.0), vp.sigma(1.0), vp.sigma(0.2)) * vp.scale(0.2)).abs().max().item<double>() < 1e-8);
    for (const double t : {1e-4, 0.3, 1.0}) QVERIFY(std::abs(vp.time_of(vp.half_log_snr(t)) - t) < 1e-12);
  }

  void anIntegrationCanBeCancelled() {
    int asked = 0;
    OdeOptions options;
    options.cancelled = [&] { return ++asked > 2; };
    const OdeResult result = integrate_rk45([](double, const at::Tensor& y) { return y; }, 0.0, 100.0, at::ones({1}, at::kDouble), options);
    QVERIFY(!result.y.defined());
  }

  // DDIM with eta 0, Euler's method in sigma and DPM-Solver-1 are one method.
  void ddimWithoutNoiseIsEulersMethod() {
    const GaussianMixture mixture = three_in(2);
    const Denoise denoise = exact_denoise(mixture);
    const std::vector<double> sigmas = even_sigmas(80.0, 0.01, 20);
    const at::Tensor x = start(24, 2) * 80.0;
    SampleObserver nobody;
    const at::Tensor ddim = sample_ddim(denoise, x, powers(sigmas), {}, {}, nobody);
    at::Tensor euler = x;
    for (std::size_t i = 0; i + 1 < sigmas.size(); ++i) euler = euler + (euler - mixture.denoise(euler, sigmas[i])) * ((sigmas[i + 1] - sigmas[i]) / sigmas[i]);
    QVERIFY((ddim - euler).abs().max().item<double>() < 1e-10);
    for (const bool predict_x0 : {true, false}) {
      const at::Tensor solver = sample_dpm_solver(denoise, x, sigmas, {1, false, predict_x0, false, false}, nobody);
      QVERIFY((solver - euler).abs().max().item<double>() < 1e-10);
    }
  }

  void solversConvergeWithTheirOrder_data() {
    QTest::addColumn<int>("order");
    QTest::addColumn<bool>("multistep");
    QTest::addColumn<bool>("predictX0");
    QTest::addColumn<bool>("taylor");
    QTest::newRow("order 1") << 1 << false << true << false;
    QTest::newRow("2 single x0") << 2 << false << true << false;
    QTest::newRow("2 single noise taylor") << 2 << false << false << true;
    QTest::newRow("2 multi x0") << 2 << true << true << false;
    QTest::newRow("2 multi noise") << 2 << true << false << false;
    QTest::newRow("3 single noise") << 3 << false << false << false;
    QTest::newRow("3 single x0 taylor") << 3 << false << true << true;
  }
  void solversConvergeWithTheirOrder() {
    QFETCH(int, order);
    QFETCH(bool, multistep);
    QFETCH(bool, predictX0);
    QFETCH(bool, taylor);
    const GaussianMixture one = three_in(2).component(0);
    const Denoise denoise = exact_denoise(one);
    const at::Tensor x = start(24, 2) * 20.0, exact = one.flow(x, 20.0, 0.05);
    SampleObserver nobody;
    std::vector<double> errors;
    for (const std::int64_t steps : {16, 32, 64, 128}) {
      const auto sigmas = even_sigmas(20.0, 0.05, steps * (multistep ? 1 : order));
      errors.push_back(distance(sample_dpm_solver(denoise, x, sigmas, {order, multistep, predictX0, taylor, false}, nobody), exact));
    }
    const double measured = std::log2(errors[2] / errors[3]);
    QVERIFY2(std::abs(measured - order) < 0.25, std::to_string(measured).c_str());
    QVERIFY(errors[3] < errors[0]);
  }

  // The samplers' random steps leave the distribution alone: many particles end with the data's mean and covariance.
  void randomSamplersEndAtTheData() {
    const GaussianMixture mixture = three_in(2);
    const Denoise denoise = exact_denoise(mixture);
    const at::Tensor exact_mean = mixture.mean();
    std::vector<std::uint64_t> seeds(4000);
    for (std::size_t i = 0; i < seeds.size(); ++i) seeds[i] = i;
    auto ladder = powers(even_sigmas(40.0, 0.01, 100));
    ladder.push_back(1.0);
    SampleObserver nobody;
    const at::Tensor x = start(4000, 2) * 40.0;
    at::Tensor means = at::zeros({0});
    for (const double eta : {0.0, 1.0}) {
      const at::Tensor end = sample_ddim(denoise, x, ladder, {eta, false}, seeded_noise(seeds), nobody);
      QVERIFY2((end.mean(0) - exact_mean).abs().max().item<double>() < 0.06, std::to_string(eta).c_str());
    }
    const at::Tensor a = sample_ancestral(denoise, x, ladder, {FixedVariance::small, false}, seeded_noise(seeds), nobody);
    const at::Tensor b = sample_ddim(denoise, x, ladder, {1.0, false}, seeded_noise(seeds), nobody);
    QVERIFY2((a - b).abs().max().item<double>() < 1e-9, "eta 1 is the ancestral sampler with the small variance");
    const at::Tensor large = sample_ancestral(denoise, x, ladder, {FixedVariance::large, false}, seeded_noise(seeds), nobody);
    QVERIFY((large.mean(0) - exact_mean).abs().max().item<double>() < 0.06);
  }

  void oneOfSixteenIsTheOneAlone() {
    const GaussianMixture mixture = three_in(2);
    const Denoise denoise = exact_denoise(mixture);
    std::vector<std::uint64_t> seeds;
    for (std::uint64_t i = 0; i < 16; ++i) seeds.push_back(100 + i);
    auto ladder = powers(even_sigmas(40.0, 0.01, 12));
    ladder.push_back(1.0);
    SampleObserver nobody;
    const auto initial = [&](const std::vector<std::uint64_t>& list) { return normal_per_sample(list, 77, {2}, at::kDouble) * 40.0; };
    for (const double eta : {0.0, 0.5}) {
      const at::Tensor all = sample_ddim(denoise, initial(seeds), ladder, {eta, false}, seeded_noise(seeds), nobody);
      const at::Tensor alone = sample_ddim(denoise, initial({seeds[7]}), ladder, {eta, false}, seeded_noise({seeds[7]}), nobody);
      QVERIFY(alone[0].equal(all[7]));
    }
    const at::Tensor all = sample_ancestral(denoise, initial(seeds), ladder, {}, seeded_noise(seeds), nobody);
    QVERIFY(sample_ancestral(denoise, initial({seeds[7]}), ladder, {}, seeded_noise({seeds[7]}), nobody)[0].equal(all[7]));
  }

  void inversionGoesThereAndBack() {
    const GaussianMixture mixture = three_in(2);
    const Denoise denoise = exact_denoise(mixture);
    auto ladder = powers(even_sigmas(40.0, 0.01, 50));
    ladder.push_back(1.0);
    SampleObserver nobody;
    const at::Tensor x = mixture.means() + start(3, 2) * 0.1;
    const auto back = [&](std::int64_t rounds) { return sample_ddim(denoise, invert_ddim(denoise, x, ladder, {rounds, 1e-12}, nobody), ladder, {}, {}, nobody); };
    const double plain = distance(back(0), x), exact = distance(back(60), x);
    QVERIFY2(exact < 1e-6, std::to_string(exact).c_str());
    QVERIFY2(plain > exact && plain < 0.5, std::to_string(plain).c_str());
  }

  void aSamplerStopsWhenAsked() {
    struct Impatient : SampleObserver {
      int steps = 0;
      bool cancelled() override { return steps == 3; }
      void on_step(const SampleStep& step) override {
        QCOMPARE(step.step, std::int64_t{steps});
        ++steps;
      }
    };
    const Denoise denoise = exact_denoise(three_in(2));
    const auto ladder = powers(even_sigmas(40.0, 0.01, 12));
    Impatient a, b, c;
    QVERIFY(!sample_ddim(denoise, start(2, 2), ladder, {}, {}, a).defined());
    QVERIFY(!sample_ancestral(denoise, start(2, 2), ladder, {}, seeded_noise({1, 2}), b).defined());
    QVERIFY(!sample_dpm_solver(denoise, start(2, 2), even_sigmas(40.0, 0.01, 12), {}, c).defined());
    QCOMPARE(a.steps + b.steps + c.steps, 9);
  }

  void impossibleLaddersAreRefused() {
    const Denoise denoise = exact_denoise(three_in(2));
    SampleObserver nobody;
    QVERIFY_EXCEPTION_THROWN(sample_ddim(denoise, start(1, 2), {0.5}, {}, {}, nobody), Error);
    QVERIFY_EXCEPTION_THROWN(sample_ddim(denoise, start(1, 2), {0.5, 0.4}, {}, {}, nobody), Error);
    QVERIFY_EXCEPTION_THROWN(sample_ddim(denoise, start(1, 2), {0.5, 1.0}, {1.5, false}, {}, nobody), Error);
    QVERIFY_EXCEPTION_THROWN(sample_ddim(denoise, start(1, 2), {0.5, 1.0}, {std::nan(""), false}, {}, nobody), Error);
    QVERIFY_EXCEPTION_THROWN(sample_dpm_solver(denoise, start(1, 2), {1.0, 0.5, 0.2}, {3, false, true, false, false}, nobody), Error);
    QVERIFY_EXCEPTION_THROWN(sample_dpm_solver(denoise, start(1, 2), {1.0, 0.0}, {}, nobody), Error);
  }
};

QTEST_GUILESS_MAIN(TestToy)
#include "test_toy.moc"
