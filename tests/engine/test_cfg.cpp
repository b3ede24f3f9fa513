// Classifier-free guidance: the algebra, the interval, the views, on closed forms and on a Denoiser.
#include <ATen/ops/eye.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>

#include <QTest>

#include "engine/api/result.h"
#include "engine/device/rng.h"
#include "engine/diffusion/edm_sampler.h"
#include "engine/diffusion/gaussian_mixture.h"
#include "engine/diffusion/guidance.h"
#include "engine/parity/case.h"

using namespace orrery;
using namespace orrery::diffusion;

namespace {

// Classes are the components of a mixture; the empty condition is the whole of it.
class MixtureDenoiser : public Denoiser {
 public:
  MixtureDenoiser(GaussianMixture mixture, bool unconditional) : mixture_(std::move(mixture)), unconditional_(unconditional) {}
  DenoiserShape shape() const override {
    DenoiserShape shape;
    shape.sample = {2};
    shape.classes = mixture_.components();
    shape.unconditional = unconditional_;
    return shape;
  }
  at::Tensor denoise(const at::Tensor& x, const at::Tensor& sigma, const Condition& condition) override {
    ++calls;
    const double level = sigma[0].item<double>();
    if (!condition.classes.defined()) return mixture_.denoise(x, level);
    return mixture_.component(condition.classes[0].argmax().item<std::int64_t>()).denoise(x, level);
  }
  int calls = 0;

 private:
  GaussianMixture mixture_;
  bool unconditional_;
};

GaussianMixture two() {
  const at::Tensor means = at::tensor({-1.0, 0.0, 1.0, 0.5}, at::kDouble).view({2, 2}), unit = at::eye(2, at::kDouble) * 0.04;
  return {at::tensor({0.5, 0.5}, at::kDouble), means, unit.expand({2, 2, 2})};
}

Condition of_class(std::int64_t k) {
  Condition condition;
  condition.classes = at::zeros({1, 2});
  condition.classes[0][k] = 1.0;
  return condition;
}

at::Tensor normal(std::uint64_t seed, at::IntArrayRef shape) { return Rng(seed).normal(shape, at::kDouble); }

}  // namespace

class TestCfg : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void recordedCases() {
    std::vector<std::string> unknown;
    const auto reports = parity::run_folder(ORRERY_TEST_DIR "/vectors/cfg", "cpu", unknown);
    QCOMPARE(reports.size(), std::size_t{3});
    QVERIFY(unknown.empty());
    for (const auto& report : reports) {
      for (const auto& line : report.lines) QVERIFY2(line.ok, (report.folder + " " + line.name + " " + std::to_string(line.max_error) + " " + line.note).c_str());
      QVERIFY2(report.ok, (report.folder + " " + report.error).c_str());
    }
  }

  void theEndsAreExact() {
    const at::Tensor c = normal(1, {3, 4}), u = normal(2, {3, 4});
    QVERIFY(guide(c, u, 1.0).equal(c));
    QVERIFY(guide(c, u, 0.0).equal(u));
    QVERIFY((guide(c, u, 3.0) - (u + (c - u) * 3.0)).abs().max().item<double>() < 1e-12);
    QVERIFY(guide_many({{c, 1.0}}, u).sub(c).abs().max().item<double>() < 1e-12);
    const at::Tensor g = guide(c, u, 5.0);
    QVERIFY(rescale_guided(g, c, 0.0).equal(g));
    QVERIFY((rescale_guided(g, c, 1.0).std(1) - c.std(1)).abs().max().item<double>() < 1e-12);
    // Without its parallel part the update is orthogonal to c.
    at::Tensor average;
    ProjectedGuidance projected;
    projected.scale = 2.0;
    projected.parallel = 0.0;
    QVERIFY(((guide_projected(c, u, projected, average) - u) * c).sum(1).abs().max().item<double>() < 1e-12);
    QVERIFY(!average.defined());
    const at::Tensor alpha = fitted_unconditional_scale(c, u);
    QVERIFY(((c - u * alpha) * u).sum(1).abs().max().item<double>() < 1e-6);
  }

  void classesAreDropped() {
    const at::Tensor kept = drop_classes(at::ones({4, 3}), at::tensor({0.0F, 0.0999F, 0.1F, 0.9F}), 0.1);
    QVERIFY(kept.sum(1).equal(at::tensor({0.0F, 0.0F, 3.0F, 3.0F})));
  }

  void onlyTheStepsOfTheIntervalAreGuided() {
    std::vector<std::int64_t> asked_c, asked_u;
    const Denoise c = [&](const at::Tensor& x, double, std::int64_t step) { return asked_c.push_back(step), x * 2.0; };
    const Denoise u = [&](const at::Tensor& x, double, std::int64_t step) { return asked_u.push_back(step), x * 1.0; };
    GuidanceOptions options;
    options.scale = 3.0;
    options.first_step = 1;
    options.last_step = 2;
    const Denoise both = guided(c, u, options);
    const at::Tensor one = at::ones({1}, at::kDouble);
    std::vector<double> results;
    for (std::int64_t step = 0; step < 4; ++step) results.push_back(both(one, 1.0, step).item<double>());
    QCOMPARE(results, (std::vector<double>{2.0, 4.0, 4.0, 2.0}));
    QCOMPARE(asked_c.size(), std::size_t{4});
    QCOMPARE(asked_u, (std::vector<std::int64_t>{1, 2}));
  }

  void viewsFollowOnePrediction() {
    MixtureDenoiser net(two(), true);
    const at::Tensor x = normal(3, {5, 2}) * 2.0;
    GuidanceOptions options;
    options.scale = 4.0;
    options.view = GuidanceView::conditional;
    QVERIFY(guided(net, of_class(1), {}, options)(x, 2.0, 0).equal(two().component(1).denoise(x, 2.0)));
    QCOMPARE(net.calls, 1);
    options.view = GuidanceView::unconditional;
    QVERIFY(guided(net, of_class(1), {}, options)(x, 2.0, 0).equal(two().denoise(x, 2.0)));
    QCOMPARE(net.calls, 2);
    options.view = GuidanceView::guided;
    const at::Tensor with = guided(net, of_class(1), {}, options)(x, 2.0, 0);
    QVERIFY((with - guide(two().component(1).denoise(x, 2.0), two().denoise(x, 2.0), 4.0)).abs().max().item<double>() < 1e-12);
    // Another class in the place of the empty condition.
    const at::Tensor against = guided(net, of_class(1), of_class(0), options)(x, 2.0, 0);
    QVERIFY((against - guide(two().component(1).denoise(x, 2.0), two().component(0).denoise(x, 2.0), 4.0)).abs().max().item<double>() < 1e-12);
    options.scale = 1.0;
    net.calls = 0;
    guided(net, of_class(1), {}, options)(x, 2.0, 0);
    QCOMPARE(net.calls, 1);  // at scale 1 nothing else is asked for
  }

  void aModelWithoutTheEmptyConditionCannotBeGuided() {
    MixtureDenoiser net(two(), false);
    GuidanceOptions options;
    QVERIFY(guided(net, of_class(0), {}, options)(at::zeros({1, 2}, at::kDouble), 1.0, 0).defined());
    options.scale = 2.0;
    QVERIFY_EXCEPTION_THROWN(guided(net, of_class(0), {}, options), Error);
    options.scale = 1.0;
    options.view = GuidanceView::unconditional;
    QVERIFY_EXCEPTION_THROWN(guided(net, of_class(0), {}, options), Error);
  }

  // More guidance drives samples further to the side of their class.
  void guidanceExaggerates() {
    MixtureDenoiser net(two(), true);
    LadderOptions ladder;
    EdmSamplerOptions sampler;
    sampler.ladder = noise_ladder(ladder);
    const at::Tensor z = normal(6, {200, 2});
    std::vector<double> means;
    for (const double scale : {1.0, 2.0, 4.0}) {
      GuidanceOptions options;
      options.scale = scale;
      means.push_back(edm_sample(guided(net, of_class(1), {}, options), z, sampler).select(1, 0).mean().item<double>());
    }
    QVERIFY(std::abs(means[0] - 1.0) < 0.1);
    QVERIFY(means[1] > means[0] && means[2] > means[1]);
  }
};

QTEST_GUILESS_MAIN(TestCfg)
#include "test_cfg.moc"
