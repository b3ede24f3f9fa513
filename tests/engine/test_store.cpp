#include <QTemporaryDir>
#include <QTest>
#include <filesystem>
#include <fstream>

#include "engine/api/result.h"
#include "engine/data/loader.h"
#include "engine/data/png_codec.h"
#include "engine/data/store.h"
#include "engine/data/store_writer.h"
#include "engine/io/atomic_file.h"

using namespace orrery;
using namespace orrery::data;

namespace {

// A picture whose every byte depends on `seed`, so that no two are alike.
Pixels pattern(int size_px, int channels, unsigned seed) {
  Pixels out(size_px, size_px, channels);
  for (std::size_t i = 0; i < out.bytes.size(); ++i) out.bytes[i] = static_cast<std::uint8_t>((i * 7 + seed * 31) ^ (i >> 3));
  return out;
}

std::string write_store(const QTemporaryDir& folder, int count, bool labelled, int size_px = 16, int channels = 3) {
  const std::string path = folder.filePath("set.zip").toStdString();
  StoreWriter writer(path);
  for (int i = 0; i < count; ++i) {
    writer.add(pattern(size_px, channels, static_cast<unsigned>(i)), {.source = "s" + std::to_string(i), .label = labelled ? i % 3 : -1, .caption = "c" + std::to_string(i), .tags = {{"parity", i % 2 ? "odd" : "even"}}});
  }
  StoreExtras extras{.name = "patterns", .seen = count + 1, .skipped = 1};
  if (labelled) extras.class_names = {"a", "b", "c"};
  extras.problems.push_back({"broken.png", "it is empty", false});
  writer.finish(std::move(extras));
  return path;
}

QString refused(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return QString::fromStdString(error.what());
  }
  return {};
}

}  // namespace

class TestStore : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void png_round_trip() {
    for (const int channels : {1, 3}) {
      for (const int size_px : {1, 17, 200}) {  // 200 x 200 x 3 needs several deflate blocks
        const Pixels in = pattern(size_px, channels, 5);
        const std::string bytes = encode_png_uncompressed(in);
        const PngSize size = png_size(bytes);
        QCOMPARE(size.width_px, size_px);
        QCOMPARE(size.channels, channels);
        QCOMPARE(decode_png(bytes, size).bytes, in.bytes);
      }
    }
  }

  void png_damage_is_refused() {
    const std::string bytes = encode_png_uncompressed(pattern(16, 3, 1));
    const PngSize size = png_size(bytes);
    for (std::size_t length = 0; length < bytes.size() - 12; ++length) QVERIFY_EXCEPTION_THROWN(decode_png(bytes.substr(0, length), size), Error);
    std::string flipped = bytes;
    flipped[100] ^= 1;
    QVERIFY_EXCEPTION_THROWN(decode_png(flipped, size), Error);
    QVERIFY_EXCEPTION_THROWN(decode_png(bytes, {17, 16, 3}), Error);
  }

  void store_gives_back_what_was_written() {
    QTemporaryDir folder;
    const auto store = Store::open(write_store(folder, 1203, true));
    QCOMPARE(store->size(), 1203);
    QCOMPARE(store->width_px(), 16);
    QCOMPARE(store->class_names(), (std::vector<std::string>{"a", "b", "c"}));
    for (const int i : {0, 1, 999, 1000, 1202}) {
      QCOMPARE(store->label(i), i % 3);
      QCOMPARE(store->caption(i), "c" + std::to_string(i));
      const Pixels expected = pattern(16, 3, static_cast<unsigned>(i));
      const at::Tensor interleaved = store->picture(i).permute({1, 2, 0}).contiguous();
      QVERIFY(std::equal(expected.bytes.begin(), expected.bytes.end(), interleaved.data_ptr<std::uint8_t>()));
    }
    const DatasetInfo info = store->info();
    QCOMPARE(info.name, std::string("patterns"));
    QCOMPARE(info.seen, info.taken + info.skipped);
    QCOMPARE(info.skipped, 1);
    QCOMPARE(info.class_counts, (std::vector<std::int64_t>{401, 401, 401}));
    QCOMPARE(info.problems.size(), std::size_t{1});
    QVERIFY_EXCEPTION_THROWN(store->picture(1203), std::out_of_range);
  }

  void grey_and_unlabelled() {
    QTemporaryDir folder;
    const auto store = Store::open(write_store(folder, 4, false, 16, 1));
    QCOMPARE(store->channels(), 1);
    QVERIFY(store->class_names().empty());
    QCOMPARE(store->label(2), -1);
    QCOMPARE(store->picture(3).sizes().vec(), (std::vector<std::int64_t>{1, 16, 16}));
  }

  void what_is_no_store_is_refused_in_a_sentence() {
    QTemporaryDir folder;
    const auto path = [&](const char* name) { return folder.filePath(name).toStdString(); };
    QVERIFY(refused([&] { Store::open(path("none.zip")); }).contains("No such file"));
    QVERIFY(refused([&] { Store::open(folder.path().toStdString()); }).contains("folder"));
    io::write_file_atomically(path("text.zip"), "hello");
    QVERIFY(refused([&] { Store::open(path("text.zip")); }).contains("not a complete zip"));
    ZipWriter empty(path("empty.zip"));
    empty.add("a.txt", "x");
    empty.commit();
    QVERIFY(refused([&] { Store::open(path("empty.zip")); }).contains("no PNG"));
    QVERIFY(refused([&] { Store::open("builtin:nonsense"); }).contains("no data set"));
    const std::string whole = io::read_file(write_store(folder, 3, true));
    for (const std::size_t length : {whole.size() / 2, whole.size() - 10}) {
      io::write_file_atomically(path("cut.zip"), whole.substr(0, length));
      QVERIFY(!refused([&] { Store::open(path("cut.zip")); }).isEmpty());
    }
  }

  void labels_of_others() {
    QTemporaryDir folder;
    const std::string path = folder.filePath("nv.zip").toStdString();
    const auto with = [&](const std::string& labels) {
      ZipWriter zip(path);
      zip.add("00000/img00000001.png", encode_png_uncompressed(pattern(8, 3, 1)));
      zip.add("00000/img00000000.png", encode_png_uncompressed(pattern(8, 3, 0)));
      zip.add("dataset.json", labels);
      zip.commit();
    };
    with(R"({"other": [[[1]]], "labels": [["00000/img00000001.png", 4], ["00000/img00000000.png", 2]]})");
    auto store = Store::open(path);
    QCOMPARE(store->label(0), 2);
    QCOMPARE(store->label(1), 4);
    QCOMPARE(store->class_names().size(), std::size_t{5});
    with(R"({"labels": [["00000/img00000000.png", [0.25, 0.75]], ["00000/img00000001.png", [1, 0]]]})");
    store = Store::open(path);
    QCOMPARE(store->label_weights(0), (std::vector<float>{0.25f, 0.75f}));
    with(R"({"labels": null})");
    QVERIFY(Store::open(path)->class_names().empty());
    for (const char* bad : {R"({"labels": 5})", R"({"labels": {"a": 1}})", R"({"labels": [["00000/img00000000.png", 1]]})", R"({"labels": [["00000/img00000000.png", -1], ["00000/img00000001.png", 1]]})",
                            R"({"labels": [3]})", R"({"labels": [["00000/img00000000.png", 1], [7, 1]]})", R"({"labels": [["00000/img00000000.png", 1, 2], ["00000/img00000001.png", 1]]})", R"({"labels": )",
                            R"({"labels": [["00000/img00000000.png", 1e30], ["00000/img00000001.png", 1]]})", R"({"labels": [["00000/img00000000.png", [1]], ["00000/img00000001.png", [1, 2]]]})",
                            R"({"labels": [["00000/img00000000.png", 9999999999], ["00000/img00000001.png", 1]]})"}) {
      with(bad);
      QVERIFY2(!refused([&] { Store::open(path); }).isEmpty(), bad);
    }
  }

  void an_abandoned_store_leaves_nothing() {
    QTemporaryDir folder;
    {
      StoreWriter writer(folder.filePath("half.zip").toStdString());
      writer.add(pattern(16, 3, 1), {});
    }
    QVERIFY(std::filesystem::is_empty(folder.path().toStdString()));
  }

  void deleted_file_still_reads() {
    QTemporaryDir folder;
    const std::string path = write_store(folder, 8, false);
    const auto store = Store::open(path);
    std::filesystem::remove(path);
    QCOMPARE(store->picture(7).numel(), 768);
  }
};

QTEST_GUILESS_MAIN(TestStore)
#include "test_store.moc"
