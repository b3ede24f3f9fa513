#include <ATen/ops/cat.h>
#include <ATen/ops/diag.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>

#include <QtTest>
#include <cmath>

#include "engine/api/result.h"
#include "engine/metrics/cases.h"
#include "engine/metrics/distances.h"
#include "engine/metrics/path_length.h"
#include "engine/metrics/resize.h"
#include "engine/parity/case.h"

using namespace orrery;
using namespace orrery::metrics;

namespace {
bool close(double a, double b, double tolerance = 1e-9) { return std::fabs(a - b) <= tolerance * std::max(1.0, std::fabs(b)); }
}  // namespace

class TestMetrics : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void reference_cases_data() {
    QTest::addColumn<QString>("name");
    QTest::addColumn<int>("tensors");
    const std::pair<const char*, int> cases[] = {{"fid", 7}, {"fid_few_samples", 4}, {"inception_score", 6}, {"kid", 8}, {"ppl", 9}, {"precision_recall", 10}, {"resize", 30}};
    for (const auto& [name, tensors] : cases) QTest::newRow(name) << name << tensors;
  }
  void reference_cases() {
    QFETCH(QString, name);
    QFETCH(int, tensors);
    const QString folder = QString(ORRERY_TEST_DIR) + "/vectors/metrics/" + name;
    parity::Case reference = parity::Case::load(folder.toStdString());
    run_metrics_case(reference);
    const auto lines = reference.lines();
    QCOMPARE(static_cast<int>(lines.size()), tensors);
    for (const auto& line : lines) QVERIFY2(line.ok, qPrintable(QString("%1: %2, allowed %3. %4").arg(line.name.c_str()).arg(line.max_error).arg(line.tolerance).arg(line.note.c_str())));
  }

  void frechet_closed_form() {
    // Commuting covariances: |m|^2 + sum (sqrt l1 - sqrt l2)^2.
    const at::Tensor l1 = at::rand({6}, at::kDouble) + 0.1, l2 = at::rand({6}, at::kDouble) + 0.1, m = at::randn({6}, at::kDouble);
    const FeatureStats a{at::zeros({6}, at::kDouble), at::diag(l1), 10, {}}, b{m, at::diag(l2), 10, {}};
    const double expected = (m.square().sum() + (l1.sqrt() - l2.sqrt()).square().sum()).item<double>();
    QVERIFY(close(frechet_distance(a, b), expected));
    QVERIFY(close(frechet_distance(b, a), expected));
    QVERIFY(std::fabs(frechet_distance(b, b)) < 1e-9);
    const at::Tensor few = at::randn({5, 40});
    QVERIFY(std::fabs(frechet_distance(feature_stats(few), feature_stats(few))) < 1e-6);
    FeatureStats left = feature_stats(few), right = feature_stats(at::randn({30, 40}));
    QVERIFY(left.factor.defined());
    const double cheap = frechet_distance(left, right);
    left.factor = right.factor = at::Tensor();
    QVERIFY(close(cheap, frechet_distance(left, right), 1e-6));
    QVERIFY_THROWS_EXCEPTION(Error, feature_stats(at::randn({1, 4})));
  }

  void kernel_closed_forms() {
    const at::Tensor x = at::randn({1300, 7}), y = at::randn({700, 7}) + 0.5;  // more than one block, different counts
    const auto k = [](const at::Tensor& a, const at::Tensor& b) { return (a.to(at::kDouble).matmul(b.to(at::kDouble).t()) / 7.0 + 1).pow(3); };
    const at::Tensor xx = k(x, x), yy = k(y, y);
    const double expected = ((xx.sum() - xx.diagonal().sum()) / (1300.0 * 1299) + (yy.sum() - yy.diagonal().sum()) / (700.0 * 699) - 2 * k(x, y).mean()).item<double>();
    QVERIFY(close(kernel_distance(x, y), expected));
    // A set against itself: the diagonal is all that is left.
    const double self = (2 * ((xx.sum() - xx.diagonal().sum()) / (1300.0 * 1299) - xx.mean())).item<double>();
    QVERIFY(close(kernel_distance(x, x), self));
    QVERIFY(self < 0);
  }

  void precision_recall_closed_forms() {
    const at::Tensor x = at::randn({700, 5});
    const PrecisionRecall same = precision_recall(x, x);
    QCOMPARE(same.precision, 1.0);
    QCOMPARE(same.recall, 1.0);
    const PrecisionRecall far = precision_recall(x, x + 1000);
    QCOMPARE(far.precision, 0.0);
    QCOMPARE(far.recall, 0.0);
    // Generated pictures that cover half of the real ones.
    const at::Tensor real = at::cat({x, x + 1000});
    const PrecisionRecall half = precision_recall(x, real);
    QCOMPARE(half.precision, 1.0);
    QCOMPARE(half.recall, 0.5);
    QVERIFY_THROWS_EXCEPTION(Error, precision_recall(at::randn({3, 5}), x));
  }

  void inception_score_closed_forms() {
    const at::Tensor certain = at::eye(10, at::kDouble).repeat({20, 1}) * 1000;
    QVERIFY(close(inception_score(certain, 10).mean, 10.0));
    QVERIFY(close(inception_score(certain, 10).deviation, 0.0));
    QVERIFY(close(inception_score(at::zeros({50, 10}), 5).mean, 1.0));
    QVERIFY_THROWS_EXCEPTION(Error, inception_score(at::zeros({3, 10}), 5));
  }

  void path_length_trims() {
    at::Tensor distances = at::full({1000}, 2.0, at::kDouble);
    distances[0] = 1e9;
    distances[1] = -1e9;
    const PathLength trimmed = trimmed_path_length(distances);
    QCOMPARE(trimmed.mean, 2.0);
    QCOMPARE(trimmed.kept, std::int64_t{998});
    QCOMPARE(trimmed_path_length(at::full({1}, 3.0)).mean, 3.0);
    QVERIFY_THROWS_EXCEPTION(Error, trimmed_path_length(at::zeros({0})));
    const at::Tensor a = at::randn({4, 8}, at::kDouble), b = at::randn({4, 8}, at::kDouble);
    QVERIFY(slerp(a, b, at::zeros({}, at::kDouble)).allclose(a));
    QVERIFY(slerp(a, b, at::full({}, 1.0, at::kDouble)).allclose(b));
    QVERIFY(slerp(a, a, at::full({}, 0.5, at::kDouble)).allclose(a));  // no angle between the ends
  }

  void resizing_keeps_what_it_must() {
    const at::Tensor flat = at::full({2, 3, 20, 30}, 77.0);
    for (const auto filter : {Filter::box, Filter::bilinear, Filter::bicubic, Filter::lanczos}) {
      QVERIFY(resize_antialiased(flat, 7, 61, filter).allclose(at::full({2, 3, 7, 61}, 77.0), 1e-5));
      QVERIFY(resize_bytes(flat.to(at::kByte), 7, 61, filter).eq(77).all().item<bool>());
    }
    const at::Tensor picture = at::rand({3, 20, 30}) * 255;
    QVERIFY(resize_antialiased(picture, 20, 30, Filter::lanczos).equal(picture));
    QVERIFY(resize_antialiased(picture, 10, 15, Filter::box).allclose(picture.view({3, 10, 2, 15, 2}).mean({2, 4}), 1e-4));
  }
};

QTEST_GUILESS_MAIN(TestMetrics)
#include "test_metrics.moc"
