#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <cmath>

#include "ui/train/config_book.h"
#include "ui/train/preflight.h"
#include "ui/train/stats_history.h"

using namespace orrery;
using namespace orrery::ui;

namespace {

const char* kConfig = R"({"config": {"model": {"architecture": "skip", "layers": [1, 2]}, "train": {"batch": 16, "lr": 0.002, "mirror": true}},
  "help": {"train.batch": {"help": "pictures per step", "min": 1, "max": 256}, "train.lr": {"help": "step size", "min": 0, "max": 1},
           "model.architecture": {"help": "how layers join", "choices": ["skip", "resnet"]}}})";

PreflightFacts goodFacts(const SystemInfo& system) {
  PreflightFacts facts;
  facts.system = &system;
  facts.options.system = system.id;
  facts.options.data = "builtin:emoji";
  facts.options.out = "/somewhere/run";
  facts.config = ConfigBook::parse(kConfig);
  facts.data = DatasetInfo{};
  facts.data->taken = 1870;
  facts.data->width_px = facts.data->height_px = 64;
  facts.folder.free_bytes = qint64{100} << 30;
  return facts;
}

bool blocks(const PreflightFacts& facts, PreflightItem::Fix fix) {
  const auto items = preflight(facts);
  return !mayStart(items) && items.front().level == PreflightItem::Level::blocks && items.front().fix == fix && !items.front().what.isEmpty();
}

}  // namespace

class TestTrainModels : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void configIsFlattenedInOrder() {
    const auto book = ConfigBook::parse(kConfig);
    QVERIFY(book);
    QCOMPARE(book->keys().size(), 5u);
    QCOMPARE(book->keys()[0].path, std::string("model.architecture"));
    QVERIFY(book->keys()[0].type == ConfigKey::Type::text);
    QCOMPARE(book->find("model.layers")->value, std::string("[1,2]"));
    QVERIFY(book->find("train.mirror")->type == ConfigKey::Type::toggle);
    QVERIFY(book->find("train.lr")->type == ConfigKey::Type::number);
    QCOMPARE(book->find("train.batch")->help, QString("pictures per step"));
    QCOMPARE(*book->find("train.batch")->max, 256.0);
    QVERIFY(!ConfigBook::parse("[]"));
    QVERIFY(!ConfigBook::parse("{"));
  }
  void valuesAreChecked() {
    const auto book = *ConfigBook::parse(kConfig);
    QVERIFY(!book.check("train.batch", "32"));
    QVERIFY(book.check("train.batch", "1.5"));
    QVERIFY(book.check("train.batch", "0"));
    QVERIFY(book.check("train.batch", "many"));
    QVERIFY(book.check("train.batch", "257")->contains("256"));
    QVERIFY(!book.check("train.lr", "1e-3"));
    QVERIFY(book.check("train.mirror", "yes"));
    QVERIFY(!book.check("train.mirror", "false"));
    QVERIFY(!book.check("model.architecture", "resnet"));
    QVERIFY(!book.check("model.architecture", "\"resnet\""));
    QVERIFY(book.check("model.architecture", "vgg")->contains("skip"));
    QVERIFY(book.check("train.bach", "2")->contains("train.batch"));
    QVERIFY(book.check("batch", "2")->contains("train.batch"));
    QVERIFY(!book.check("zzzzzz", "2")->contains("mean"));
    QCOMPARE(shownValue("\"skip\""), QString("skip"));
    QCOMPARE(*book.number({"x", "train.batch"}, {{"train.batch", "4"}}), 4.0);
  }
  void aGoodRunMayStart() {
    SystemInfo system;
    system.id = "s";
    QVERIFY(mayStart(preflight(goodFacts(system))));
  }
  void everyDoomBlocks() {
    using Fix = PreflightItem::Fix;
    SystemInfo system;
    system.id = "s";
    const auto good = goodFacts(system);
    auto facts = good;
    facts.system = nullptr;
    QVERIFY(blocks(facts, Fix::catalogue));
    facts = good;
    facts.options.data.clear();
    QVERIFY(blocks(facts, Fix::choose_data));
    facts = good;
    facts.data_error = JobError{ErrorCode::bad_input, "The store is damaged."};
    QVERIFY(blocks(facts, Fix::choose_data));
    facts = good;
    facts.data->taken = 15;  // the batch is 16
    QVERIFY(blocks(facts, Fix::choose_data));
    facts.options.set["train.batch"] = "4";
    QVERIFY(mayStart(preflight(facts)));
    facts = good;
    facts.options.set["train.bach"] = "4";
    QVERIFY(blocks(facts, Fix::drop_key));
    QCOMPARE(preflight(facts).front().key, std::string("train.bach"));
    facts = good;
    facts.options.set["train.lr"] = "7";
    QVERIFY(blocks(facts, Fix::drop_key));
    facts = good;
    facts.options.out.clear();
    QVERIFY(blocks(facts, Fix::free_folder));
    facts = good;
    facts.folder.exists = true;
    facts.folder.empty = false;
    QVERIFY(blocks(facts, Fix::free_folder));
    facts.options.resume = true;
    QVERIFY(mayStart(preflight(facts)));
    facts = good;
    facts.options.resume = true;
    QVERIFY(blocks(facts, Fix::resume));
    facts = good;
    facts.folder.writable = false;
    QVERIFY(blocks(facts, Fix::free_folder));
    facts = good;
    facts.folder_in_use = true;
    QVERIFY(blocks(facts, Fix::free_folder));
    facts = good;
    facts.folder.free_bytes = 1 << 20;
    QVERIFY(!mayStart(preflight(facts)));
    facts = good;
    facts.data_looking = true;
    QVERIFY(!mayStart(preflight(facts)));
  }
  void foldersAreLookedAt() {
    QTemporaryDir folder;
    auto state = lookAtFolder(folder.filePath("new/run"));
    QVERIFY(!state.exists && state.empty && state.writable && state.free_bytes > 0);
    QFile file(folder.filePath(".hidden"));
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.close();
    state = lookAtFolder(folder.path());
    QVERIFY(state.exists && !state.empty);
    state = lookAtFolder(file.fileName());
    QVERIFY(state.exists && !state.is_folder);
    QVERIFY(!lookAtFolder("/proc/run").writable || ::geteuid() == 0);
  }
  void statsAreRead() {
    const auto history = StatsHistory::parse(
        "{\"step\": 1, \"kimg\": 0.5, \"wall_s\": 2, \"loss.g\": 1.5}\n"
        "{\"step\": 2, \"kimg\": 1.0, \"wall_s\": 4, \"loss.g\": 1.25, \"ada.p\": 0.1}\n"
        "garbage\n{\"kimg\": 1.5, \"wall_s\"");
    QCOMPARE(history.curves().at("loss.g").value, (std::vector<double>{1.5, 1.25}));
    QCOMPARE(history.curves().size(), 2u);
    QCOMPARE(history.curves().at("ada.p").kimg, std::vector<double>{1.0});
  }
  void aResumedRunWritesOnFromItsCheckpoint() {
    StatsHistory history;
    for (const double kimg : {1.0, 2.0, 3.0}) history.add({0, kimg, kimg, {{"loss", kimg}}});
    history.add({0, 2.0, 9.0, {{"loss", 20.0}}});
    QCOMPARE(history.curves().at("loss").value, (std::vector<double>{1.0, 20.0}));
  }
  void smoothingIsUnbiased() {
    for (const double value : smoothed(std::vector<double>(50, 3.0), 0.9)) QVERIFY(std::abs(value - 3.0) < 1e-12);
    QCOMPARE(smoothed({1.0, 5.0}, 0.0), (std::vector<double>{1.0, 5.0}));
    const auto with_nan = smoothed({1.0, std::nan(""), 1.0}, 0.5);
    QVERIFY(std::isnan(with_nan[1]));
    QCOMPARE(with_nan[2], 1.0);
  }
  void outliersAreLeftOut() {
    std::vector<double> values(200, 1.0);
    values[7] = 1e9;
    values[8] = std::nan("");
    QCOMPARE(rangeWithoutOutliers(values).second, 1.0);
  }
};

QTEST_GUILESS_MAIN(TestTrainModels)
#include "test_train_models.moc"
