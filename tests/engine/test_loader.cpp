#include <QElapsedTimer>
#include <QTest>
#include <atomic>
#include <chrono>
#include <ctime>
#include <set>
#include <thread>

#include "engine/api/result.h"
#include "engine/data/loader.h"
#include "engine/data/shuffle.h"

using namespace orrery;
using namespace orrery::data;

namespace {

// Pictures whose first byte of each row is their index; `broken` ones cannot be read.
class FakeStore : public Store {
 public:
  explicit FakeStore(std::int64_t count, std::set<std::int64_t> broken = {}, bool labelled = true) : count_(count), broken_(std::move(broken)) {
    if (labelled) classes_ = {"even", "odd"};
  }
  std::int64_t size() const override { return count_; }
  int width_px() const override { return 4; }
  int height_px() const override { return 3; }
  int channels() const override { return 2; }
  const std::vector<std::string>& class_names() const override { return classes_; }
  std::int64_t label(std::int64_t index) const override { return classes_.empty() ? -1 : index % 2; }
  std::string caption(std::int64_t) const override { return {}; }
  at::Tensor picture(std::int64_t index) const override {
    ++decodes;
    if (slow_ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(slow_ms));
    if (broken_.contains(index)) throw Error(ErrorCode::bad_input, "broken");
    at::Tensor out = at::zeros({2, 3, 4}, at::kByte);
    out.select(2, 0).fill_(index % 251);
    return out;
  }
  DatasetInfo info() const override { return {}; }
  mutable std::atomic<std::int64_t> decodes{0};
  int slow_ms = 0;  // of a decode

 private:
  std::int64_t count_;
  std::set<std::int64_t> broken_;
  std::vector<std::string> classes_;
};

// Every row holds the picture's index at its left end, or at its right end when mirrored.
bool shows(const at::Tensor& picture, std::int64_t index, bool& mirrored) {
  const auto left = picture.select(2, 0), right = picture.select(2, 3);
  mirrored = index != 0 && (right == index % 251).all().item<bool>();
  return ((mirrored ? right : left) == index % 251).all().item<bool>() && picture.sum().item<std::int64_t>() == 6 * (index % 251);
}

}  // namespace

class TestLoader : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void every_epoch_has_every_picture_once() {
    for (const std::uint32_t count : {1u, 2u, 3u, 7u, 1000u}) {
      std::vector<std::uint32_t> previous;
      for (std::uint64_t epoch = 0; epoch < 5; ++epoch) {
        auto order = epoch_order(9, epoch, count);
        if (count == 1000) QVERIFY(order != previous);
        previous = order;
        std::sort(order.begin(), order.end());
        for (std::uint32_t i = 0; i < count; ++i) QCOMPARE(order[i], i);
      }
    }
  }

  void order_is_uniform() {
    // Each of the 24 orders of 4 pictures in 24,000 epochs: 1,000 +- 32 expected, 6 sigma allowed.
    std::map<std::vector<std::uint32_t>, int> seen;
    for (std::uint64_t epoch = 0; epoch < 24000; ++epoch) ++seen[epoch_order(1, epoch, 4)];
    QCOMPARE(seen.size(), std::size_t{24});
    for (const auto& [order, count] : seen) QVERIFY2(count > 810 && count < 1190, qPrintable(QString::number(count)));
  }

  void batch_is_a_function_of_store_seed_and_step() {
    const auto store = std::make_shared<FakeStore>(37);
    const LoaderOptions options{.batch = 5, .seed = 3, .mirror = true, .cache_bytes = 24 * 20, .threads = 2};  // 20 of 37 pictures fit
    Loader forward(store, options), other(store, options);
    std::vector<Batch> batches;
    for (int step = 0; step < 30; ++step) batches.push_back(forward.batch(step));
    for (const int step : {29, 3, 4, 5, 0, 17, 17}) {
      const Batch again = other.batch(step);
      QCOMPARE(again.indices, batches[static_cast<std::size_t>(step)].indices);
      QVERIFY(again.pictures.equal(batches[static_cast<std::size_t>(step)].pictures));
      QVERIFY(again.labels.equal(batches[static_cast<std::size_t>(step)].labels));
    }
    Loader reseeded(store, {.batch = 5, .seed = 4});
    QVERIFY(reseeded.batch(0).indices != batches[0].indices);
  }

  void pictures_labels_and_flips() {
    const auto store = std::make_shared<FakeStore>(37);
    Loader loader(store, {.batch = 8, .seed = 1, .mirror = true, .cache_bytes = 1 << 20, .threads = 2});
    int flips = 0, all = 0;
    for (int step = 0; step < 100; ++step) {
      const Batch batch = loader.batch(step);
      QCOMPARE(batch.pictures.sizes().vec(), (std::vector<std::int64_t>{8, 2, 3, 4}));
      QCOMPARE(batch.labels.sizes().vec(), (std::vector<std::int64_t>{8, 2}));
      for (int i = 0; i < 8; ++i) {
        const std::int64_t index = batch.indices[static_cast<std::size_t>(i)];
        bool mirrored = false;
        QVERIFY(shows(batch.pictures[i], index, mirrored));
        QCOMPARE(batch.labels[i][index % 2].item<float>(), 1.f);
        QCOMPARE(batch.labels[i].sum().item<float>(), 1.f);
        if (index != 0) ++all, flips += mirrored;
      }
    }
    QVERIFY(flips > all * 2 / 5 && flips < all * 3 / 5);
    QCOMPARE(store->decodes.load(), 37);  // each once: the rest came from the cache
    Loader plain(store, {.batch = 8, .seed = 1});
    for (int i = 0; i < 8; ++i) {
      bool mirrored = false;
      const Batch batch = plain.batch(2);
      QVERIFY(shows(batch.pictures[i], batch.indices[static_cast<std::size_t>(i)], mirrored) && !mirrored);
    }
  }

  // Threads that want a picture which another one is decoding wait for it.
  void a_picture_is_decoded_by_one_thread() {
    const auto store = std::make_shared<FakeStore>(2);
    store->slow_ms = 20;
    Loader loader(store, {.batch = 4, .seed = 1, .cache_bytes = 1 << 20, .threads = 4});
    for (int step = 0; step < 8; ++step) loader.batch(step);
    QCOMPARE(store->decodes.load(), std::int64_t{2});
  }

  void unlabelled_has_no_labels() {
    Loader loader(std::make_shared<FakeStore>(5, std::set<std::int64_t>{}, false), {.batch = 2});
    QVERIFY(!loader.batch(0).labels.defined());
  }

  void unreadable_pictures_are_replaced_and_counted() {
    const auto store = std::make_shared<FakeStore>(10, std::set<std::int64_t>{2, 3, 9});
    for (const std::int64_t cache : {std::int64_t{0}, std::int64_t{1} << 20}) {
      Loader loader(store, {.batch = 10, .seed = 1, .cache_bytes = cache, .threads = 2});
      for (int step = 0; step < 6; ++step) {
        auto indices = loader.batch(step).indices;
        std::sort(indices.begin(), indices.end());
        QCOMPARE(indices, (std::vector<std::int64_t>{0, 0, 1, 4, 4, 4, 5, 6, 7, 8}));
      }
      QCOMPARE(loader.unreadable(), 3);
    }
    Loader none(std::make_shared<FakeStore>(3, std::set<std::int64_t>{0, 1, 2}), {.batch = 2});
    QVERIFY_EXCEPTION_THROWN(none.batch(0), Error);
    QVERIFY_EXCEPTION_THROWN(Loader(std::make_shared<FakeStore>(0), {}), Error);
  }

  void cached_pictures_come_fast() {
    class Large : public FakeStore {
     public:
      Large() : FakeStore(500) {}
      int width_px() const override { return 64; }
      int height_px() const override { return 64; }
      int channels() const override { return 3; }
      at::Tensor picture(std::int64_t index) const override { return at::full({3, 64, 64}, index % 251, at::kByte); }
    };
    Loader loader(std::make_shared<Large>(), {.batch = 32, .seed = 1, .mirror = true, .threads = 1});
    for (int step = 0; step < 16; ++step) loader.batch(step);  // every picture is in the cache
    const std::clock_t start = std::clock();  // the time this process worked, not what others took
    for (int step = 16; step < 416; ++step) loader.batch(step);
    const double pictures_per_s = 400.0 * 32 * CLOCKS_PER_SEC / static_cast<double>(std::max<std::clock_t>(1, std::clock() - start));
    qInfo("%.0f cached 64-px pictures a second", pictures_per_s);
    QVERIFY2(pictures_per_s > 20000.0, qPrintable(QString::number(pictures_per_s)));
  }
};

QTEST_GUILESS_MAIN(TestLoader)
#include "test_loader.moc"
