#include <ATen/Parallel.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <QTemporaryDir>
#include <QtTest>
#include <cmath>

#include "engine/api/result.h"
#include "engine/device/rng.h"
#include "engine/io/cache_dir.h"
#include "engine/metrics/distances.h"
#include "engine/metrics/evaluate.h"
#include "engine/metrics/sliced_wasserstein.h"

using namespace orrery;
using namespace orrery::metrics;

namespace {

// Soft blobs on a ground, a pure function of the number: [3, 32, 32] in 0..255.
at::Tensor blob(std::int64_t number, double tint = 0.0) {
  Rng rng(5, static_cast<std::uint64_t>(number));
  const double x = 8 + 16 * rng.uniform01(), y = 8 + 16 * rng.uniform01(), size = 3 + 4 * rng.uniform01();
  const at::Tensor axis = at::arange(32, at::kFloat);
  const at::Tensor bump = ((axis - y).square().unsqueeze(1) + (axis - x).square().unsqueeze(0)).div(-2 * size * size).exp();
  const at::Tensor colour = rng.uniform({3, 1, 1}, at::kFloat) * (1 - tint) + tint;
  return (bump.unsqueeze(0) * colour * 200 + 30).to(at::kByte);
}

class Blobs : public data::Store {
 public:
  explicit Blobs(std::int64_t size, int channels = 3) : size_(size), channels_(channels) {}
  std::int64_t size() const override { return size_; }
  int width_px() const override { return 32; }
  int height_px() const override { return 32; }
  int channels() const override { return channels_; }
  const std::vector<std::string>& class_names() const override { return names_; }
  std::int64_t label(std::int64_t index) const override { return index * 4 < size_ ? 0 : 1; }  // a quarter, three quarters
  std::string caption(std::int64_t) const override { return ""; }
  at::Tensor picture(std::int64_t index) const override {
    ++pictures_read;
    return channels_ == 3 ? blob(index) : blob(index).slice(0, 0, 1);
  }
  DatasetInfo info() const override { return {}; }
  mutable int pictures_read = 0;

 private:
  std::int64_t size_;
  int channels_;
  std::vector<std::string> names_{"a", "b"};
};

Generate of_blobs(std::int64_t offset, double tint = 0.0) {
  return [=](std::int64_t first, std::int64_t count) {
    std::vector<at::Tensor> some;
    for (std::int64_t i = 0; i < count; ++i) some.push_back(blob(offset + first + i, tint).to(at::kFloat) / 127.5 - 1);
    return at::stack(some);
  };
}

struct Log : EvaluateObserver {
  double last = 0.0;
  bool monotone = true;
  int count = 0, stop_after = -1;
  bool cancelled() const override { return stop_after >= 0 && count >= stop_after; }
  void progress(double fraction, const std::string& message) override {
    monotone = monotone && fraction >= last && !message.empty();
    last = fraction;
    ++count;
  }
};

const std::vector<std::string> all{"fd", "kd", "pr", "swd"};

}  // namespace

class TestMetricsEvaluate : public QObject {
  Q_OBJECT
  QTemporaryDir cache_;
  QByteArray before_;

 private Q_SLOTS:
  void initTestCase() {  // an empty cache but for the weights
    at::set_num_threads(1);  // other tests run beside this one
    before_ = qgetenv("ORRERY_CACHE_DIR");
    const QString weights = QString::fromStdString(io::cache_dir()) + "/weights";
    QVERIFY(QFile::link(weights, cache_.filePath("weights")));
    qputenv("ORRERY_CACHE_DIR", cache_.path().toUtf8());
  }
  void cleanupTestCase() {
    if (before_.isNull()) qunsetenv("ORRERY_CACHE_DIR"); else qputenv("ORRERY_CACHE_DIR", before_);
  }

  void likeness_is_measured() {
    const Blobs real(48);
    EvaluateOptions options;
    options.metrics = all;
    options.samples = 48;
    Log log;
    const auto same = evaluate(of_blobs(0), real, options, log);
    QVERIFY(log.monotone);
    QCOMPARE(log.last, 1.0);
    QCOMPARE(same.size(), std::size_t{5});
    QVERIFY2(std::fabs(same.at("fd_efflite0")) < 1e-3, qPrintable(QString::number(same.at("fd_efflite0"))));  // the very same pictures
    QVERIFY(same.at("kd_efflite0") < 0);  // unbiased: below zero for a set against itself
    QCOMPARE(same.at("precision"), 1.0);
    QCOMPARE(same.at("recall"), 1.0);
    Log log2, log3;
    const auto fresh = evaluate(of_blobs(1000), real, options, log2), pale = evaluate(of_blobs(1000, 0.95), real, options, log3);
    QVERIFY(fresh.at("fd_efflite0") > same.at("fd_efflite0"));
    QVERIFY(pale.at("fd_efflite0") > 2 * fresh.at("fd_efflite0"));
    QVERIFY(pale.at("kd_efflite0") > 2 * std::fabs(fresh.at("kd_efflite0")));
    QVERIFY(pale.at("recall") < fresh.at("recall"));
    QVERIFY(fresh.at("precision") > 0.5);
    QVERIFY(pale.at("swd") > fresh.at("swd"));
  }

  void batches_do_not_matter_and_one_picture_changes_little() {
    const Blobs real(40);
    EvaluateOptions options;
    options.metrics = {"fd", "swd"};
    options.samples = 40;
    Log log;
    options.batch = 7;
    const auto a = evaluate(of_blobs(500), real, options, log);
    options.batch = 40;
    const auto b = evaluate(of_blobs(500), real, options, log);
    QVERIFY(std::fabs(a.at("swd") - b.at("swd")) < 1e-4 * b.at("swd"));
    QVERIFY(std::fabs(a.at("fd_efflite0") - b.at("fd_efflite0")) < 1e-3 * b.at("fd_efflite0"));
  }

  void real_features_are_cached_and_damaged_ones_replaced() {
    const Blobs real(70);
    Log log;
    const FeatureTaker taker;
    const at::Tensor first = taker.features_of(real, 50, log);
    QCOMPARE(first.size(0), std::int64_t{50});
    const int read = real.pictures_read;
    QVERIFY(taker.features_of(real, 50, log).equal(first));
    QVERIFY(real.pictures_read - read <= 64);  // only the fingerprint
    QDir folder(cache_.filePath("features"));
    const QStringList files = folder.entryList(QDir::Files);
    QVERIFY(!files.isEmpty());
    for (const auto& name : files) QVERIFY(QFile::resize(folder.filePath(name), 100));
    QVERIFY(taker.features_of(real, 50, log).equal(first));
    QVERIFY(taker.features_of(real, 50, log).equal(first));
    QVERIFY(!taker.features_of(Blobs(71), 50, log).equal(first));
  }

  void a_cache_that_cannot_be_written_is_no_error() {
    QTemporaryDir other;
    QVERIFY(QFile::link(cache_.filePath("weights"), other.filePath("weights")));
    QFile file(other.filePath("features"));  // a file where the folder should be
    QVERIFY(file.open(QIODevice::WriteOnly));
    qputenv("ORRERY_CACHE_DIR", other.path().toUtf8());
    Log log;
    const at::Tensor features = FeatureTaker().features_of(Blobs(10), 10, log);
    qputenv("ORRERY_CACHE_DIR", cache_.path().toUtf8());
    QCOMPARE(features.size(0), std::int64_t{10});
  }

  void grey_pictures_and_sizes() {
    Log log;
    EvaluateOptions options;
    options.samples = 12;
    const auto grey = [](std::int64_t first, std::int64_t count) { return of_blobs(100)(first, count).slice(1, 0, 1); };
    QVERIFY(evaluate(grey, Blobs(12, 1), options, log).count("fd_efflite0"));
    QVERIFY(QString::fromStdString(how_features_are_taken(64, 64)).contains("128 x 128"));
    QVERIFY(QString::fromStdString(how_features_are_taken(64, 256)).contains("224 x 224"));
  }

  void cancelling_and_wrong_use() {
    const Blobs real(20);
    EvaluateOptions options;
    options.samples = 20;
    options.batch = 5;
    const auto code = [&](const Generate& generate, Log& log) {
      try { evaluate(generate, real, options, log); } catch (const Error& error) { return error.error().code; }
      return ErrorCode::failed;
    };
    Log stopped;
    stopped.stop_after = 3;
    QCOMPARE(code(of_blobs(0), stopped), ErrorCode::cancelled);
    Log log;
    QCOMPARE(code([](std::int64_t, std::int64_t) { return at::Tensor(); }, log), ErrorCode::cancelled);
    options.metrics = {"fid"};
    QCOMPARE(code(of_blobs(0), log), ErrorCode::wrong_use);
    options.metrics = {};
    QCOMPARE(code(of_blobs(0), log), ErrorCode::wrong_use);
    options.metrics = {"fd"};
    options.samples = 1;
    QCOMPARE(code(of_blobs(0), log), ErrorCode::wrong_use);
  }

  void requests_follow_the_classes() {
    ControlSpec seed, classes;
    seed.id = "seed";
    classes.id = "class";
    classes.choices = {"b", "a", "c"};
    const auto requests = measuring_requests({seed, classes}, Blobs(40), 20, 100);
    QCOMPARE(requests.size(), std::size_t{20});
    QCOMPARE(requests[3].get<std::int64_t>("seed", 0), std::int64_t{103});
    int a = 0;
    for (const auto& request : requests) a += request.get<std::string>("class", "") == "a";
    QCOMPARE(a, 5);
    classes.unavailable = "none";
    QVERIFY(!measuring_requests({seed, classes}, Blobs(40), 5, 0)[0].values.count("class"));
  }

  void sliced_wasserstein_closed_forms() {
    // In one dimension it is the mean distance of the sorted values; a shift by (s, 0, ...) projects to s |cos|.
    const at::Tensor x = at::randn({500, 1});
    QVERIFY(std::fabs(sliced_wasserstein_of_points(x, x + 3, 8, 1) - 3) < 1e-4);
    QVERIFY(std::fabs(sliced_wasserstein_of_points(x, x.flip({0}), 8, 1)) < 1e-6);
    at::Tensor shift = at::zeros({1, 2});
    shift[0][0] = 1;
    const at::Tensor plane = at::randn({300, 2});
    QVERIFY(std::fabs(sliced_wasserstein_of_points(plane, plane + shift, 4000, 2) - 2 / M_PI) < 0.02);
    QVERIFY_THROWS_EXCEPTION(Error, sliced_wasserstein_of_points(x, at::randn({4, 1}), 8, 1));
  }

  void pyramids_add_up() {
    for (const auto& [h, w] : {std::pair<std::int64_t, std::int64_t>{64, 64}, {48, 80}, {33, 65}}) {
      const at::Tensor x = at::rand({2, 3, h, w});
      const auto levels = laplacian_pyramid(x, 16);
      QCOMPARE(levels.front().size(2), h);
      QVERIFY(std::min(levels.back().size(2), levels.back().size(3)) < 32);
      const auto flat = laplacian_pyramid(at::full({1, 3, h, w}, 0.5), 16);
      for (std::size_t i = 0; i + 1 < flat.size(); ++i) QVERIFY(h % 2 || w % 2 || flat[i].abs().max().item<double>() < 1e-6);
    }
  }
};

QTEST_GUILESS_MAIN(TestMetricsEvaluate)
#include "test_metrics_evaluate.moc"
