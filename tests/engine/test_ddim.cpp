// DDIM: recorded cases of four programs' conventions, timestep spacings, single steps, inversion of a network.
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include <QTest>
#include <cmath>

#include "engine/api/result.h"
#include "engine/device/rng.h"
#include "engine/diffusion/beta_schedule.h"
#include "engine/diffusion/ddim_sampler.h"
#include "engine/diffusion/discrete_steps.h"
#include "engine/diffusion/timestep_spacing.h"
#include "engine/parity/case.h"

using namespace orrery;
using namespace orrery::diffusion;

class TestDdim : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void recordedCases() {
    std::vector<std::string> unknown;
    const auto reports = parity::run_folder(ORRERY_TEST_DIR "/vectors/ddim", "cpu", unknown);
    QVERIFY(reports.size() >= 5);
    QVERIFY(unknown.empty());
    for (const auto& report : reports) {
      for (const auto& line : report.lines) QVERIFY2(line.ok, (report.folder + " " + line.name + " " + std::to_string(line.max_error) + " " + line.note).c_str());
      QVERIFY2(report.ok, (report.folder + " " + report.error).c_str());
    }
  }

  void spacings() {
    QCOMPARE(uniform_timesteps(1000, 30).size(), std::size_t{31});
    QCOMPARE(uniform_timesteps(10, 10), (Timesteps{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}));
    QCOMPARE(uniform_timesteps(1000, 1), Timesteps{0});
    QCOMPARE(quadratic_timesteps(1000, 1), Timesteps{0});
    QVERIFY(quadratic_timesteps(1000, 50).back() < 1000);
    QCOMPARE(spaced_timesteps(1000, 5, Spacing::trailing), (Timesteps{199, 399, 599, 799, 999}));
    QCOMPARE(spaced_timesteps(1000, 5, Spacing::linspace), (Timesteps{0, 250, 500, 749, 999}));
    QCOMPARE(respaced_timesteps(10, "ddim5"), (Timesteps{0, 2, 4, 6, 8}));
    QCOMPARE(respaced_timesteps(10, "2,3"), (Timesteps{0, 4, 5, 7, 9}));
    for (const std::int64_t count : {0, -1, 1001}) {
      QVERIFY_EXCEPTION_THROWN(uniform_timesteps(1000, count), Error);
      QVERIFY_EXCEPTION_THROWN(quadratic_timesteps(1000, count), Error);
      QVERIFY_EXCEPTION_THROWN(spaced_timesteps(1000, count, Spacing::leading), Error);
    }
    for (const char* text : {"", "ddim", "ddim3.5", "ddim7", "0", "10,,20", "ten", "2000", "-5", "99999999999999999999"}) {
      if (std::string(text) == "ddim7") continue;  // 143 is a whole stride that takes 7
      QVERIFY_EXCEPTION_THROWN(respaced_timesteps(1000, text), Error);
    }
    QVERIFY_EXCEPTION_THROWN(respaced_timesteps(1000, "ddim999"), Error);
  }

  void stepsAgreeWithEachOther() {
    const at::Tensor x = Rng(1).normal({2, 5}, at::kDouble), noise = Rng(2).normal({2, 5}, at::kDouble), fresh = Rng(3).normal({2, 5}, at::kDouble);
    const double from = 0.3, to = 0.7;
    const at::Tensor x0 = x0_of(x, noise, from);
    QVERIFY((noise_of(x, x0, from) - noise).abs().max().item<double>() < 1e-12);
    const at::Tensor v = noise * std::sqrt(from) - x0 * std::sqrt(1.0 - from);
    QVERIFY((x0_of_v(x, v, from) - x0).abs().max().item<double>() < 1e-12);
    QVERIFY((noise_of_v(x, v, from) - noise).abs().max().item<double>() < 1e-12);
    QVERIFY(std::abs(alpha_bar_of(sigma_of(from)) - from) < 1e-15);
    // eta 1 is the posterior.
    const Posterior p = posterior_between(from, to);
    const double deviation = ddim_deviation(from, to, 1.0);
    QVERIFY(std::abs(deviation * deviation - p.variance) < 1e-14);
    QVERIFY((ddim_step(x0, noise, to, deviation, fresh) - (x0 * p.on_x0 + x * p.on_x + fresh * deviation)).abs().max().item<double>() < 1e-12);
    // Two steps of the deterministic sampler with the same noise are one.
    const at::Tensor half = ddim_step(x0, noise, 0.5), whole = ddim_step(x0, noise, to);
    QVERIFY((ddim_step(x0_of(half, noise, 0.5), noise, to) - whole).abs().max().item<double>() < 1e-12);
    // Dynamic thresholding leaves what is inside [-1, 1] alone.
    const at::Tensor inside = x.clamp(-1.0, 1.0);
    QVERIFY(threshold_x0(inside, 0.9, 2.0).equal(inside));
    QVERIFY(threshold_x0(x * 10.0, 1.0, 100.0).abs().max().item<double>() <= 1.0 + 1e-12);
  }

  void zeroTerminalSnrEndsInNoise() {
    const auto betas = zero_terminal_snr(make_betas(BetaLaw::linear, 1000));
    const auto powers = cumulative_alphas(betas), before = cumulative_alphas(make_betas(BetaLaw::linear, 1000));
    QVERIFY(std::abs(powers.back()) < 1e-12);
    QVERIFY(std::abs(powers.front() - before.front()) < 1e-12);
  }

  // A smooth made-up network: inversion and back in 50 steps.
  void inversionReturns() {
    const Denoise denoise = [](const at::Tensor& x, double sigma, std::int64_t) { return (x / (1.0 + sigma)).tanh() * 0.8 + (x * 3.0 / (1.0 + sigma * sigma)).sin() * 0.1; };
    const auto all = cumulative_alphas(make_betas(BetaLaw::linear, 1000));
    std::vector<double> ladder;
    for (const auto t : uniform_timesteps(1000, 50)) ladder.insert(ladder.begin(), all[static_cast<std::size_t>(t)]);
    ladder.push_back(1.0);
    SampleObserver nobody;
    const at::Tensor x = (Rng(4).uniform({2, 3, 8, 8}, at::kDouble) * 2.0 - 1.0) * 0.5;  // inside what the network can answer
    const at::Tensor noise = invert_ddim(denoise, x, ladder, {30, 1e-10}, nobody);
    QVERIFY((sample_ddim(denoise, noise, ladder, {}, {}, nobody) - x).abs().max().item<double>() < 1e-6);
    const at::Tensor plain = sample_ddim(denoise, invert_ddim(denoise, x, ladder, {}, nobody), ladder, {}, {}, nobody);
    const double error = (plain - x).abs().max().item<double>();
    QVERIFY2(error > 1e-6 && error < 0.2, std::to_string(error).c_str());
  }
};

QTEST_GUILESS_MAIN(TestDdim)
#include "test_ddim.moc"
