// sample, film and verify as a person types them, on the bundled starter: files, exit codes, sentences.
#include <signal.h>

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QtTest>

#include <filesystem>
#include <fstream>

#include "engine/export/read_recipe.h"
#include "engine/io/png.h"

using namespace orrery;
namespace fs = std::filesystem;

namespace {

struct Run {
  int code = -1;
  QString out, error;
  QJsonObject json() const { return QJsonDocument::fromJson(out.toUtf8()).object(); }
};

}  // namespace

class TestPlayingVerbs : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    folder_ = std::make_unique<QTemporaryDir>();
    qputenv("ORRERY_CACHE_DIR", (folder_->path() + "/cache").toUtf8());
  }

  void pictures() {
    const Run sheet = run({"--json", "sample", starter_, "--seeds", "0-3,9", "--set", "truncation.psi=0.7", "--out", path("sheet.png"), "--grid", "3x2"});
    QVERIFY2(sheet.code == 0, qPrintable(sheet.error));
    QCOMPARE(sheet.json()["pictures"].toInt(), 5);
    QCOMPARE(sheet.json()["files"].toArray().at(0).toString(), path("sheet.png"));
    const auto png = io::read_png(path("sheet.png").toStdString());
    QVERIFY(png.width_px % 3 == 0 && png.height_px % 2 == 0 && png.width_px / 3 == png.height_px / 2);
    const Run verified = run({"--json", "verify", path("sheet.png")});
    QVERIFY2(verified.code == 0 && verified.json()["bit_equal"].toBool(), qPrintable(verified.out + verified.error));

    QCOMPARE(run({"sample", starter_, "--seeds", "5-6", "--out", path("each"), "--size", "48"}).code, 0);
    QVERIFY(fs::exists(path("each/seed-00005.png").toStdString()) && fs::exists(path("each/seed-00006.png").toStdString()));
    QCOMPARE(run({"verify", path("each/seed-00006.png")}).out.trimmed(), QString("bit-equal (1 picture)"));
    // A picture's recipe is a request for the next one; a value on the command line wins.
    QCOMPARE(run({"sample", starter_, "--request", path("each/seed-00006.png"), "--set", "noise.mode=none", "--out", path("again.png")}).code, 0);
    const Request again = read_recipe(path("again.png").toStdString()).timeline.base;
    QVERIFY(again.get<std::int64_t>("seed", 0) == 6 && again.get<std::string>("noise.mode", "") == "none");
  }

  void directions_are_found_when_they_are_asked_for() {
    const Run step = run({"sample", starter_, "--set", "direction.pca.1=2.5", "--out", path("step.png")});
    QVERIFY2(step.code == 0, qPrintable(step.error));
    QCOMPARE(run({"sample", starter_, "--out", path("plain.png")}).code, 0);
    QVERIFY(io::read_png(path("step.png").toStdString()).pixels != io::read_png(path("plain.png").toStdString()).pixels);
    QCOMPARE(run({"verify", path("step.png")}).code, 0);
  }

  void films() {
    const Run loop = run({"--json", "film", starter_, "--seeds", "1-3", "--seconds", "1", "--fps", "12", "--size", "64", "--out", path("loop.mp4")});
    QVERIFY2(loop.code == 0, qPrintable(loop.error));
    QCOMPARE(loop.json()["frames"].toInt(), 12);
    QCOMPARE(run({"verify", path("loop.mp4")}).out.trimmed(), QString("bit-equal (12 frames)"));
    std::ofstream(path("path.json").toStdString()) << R"({"duration_s": 0.5, "frames_per_s": 10, "tracks": [{"control": "truncation.psi", "keys": [{"time_s": 0, "value": 0}, {"time_s": 0.5, "value": 1}]}]})";
    QCOMPARE(run({"film", starter_, "--path", path("path.json"), "--set", "seed=4", "--size", "0", "--out", path("sequence")}).code, 0);
    const Recipe recipe = read_recipe(path("sequence").toStdString());
    QVERIFY(recipe.what == Recipe::What::film && recipe.timeline.base.get<std::int64_t>("seed", 0) == 4 && recipe.timeline.tracks.size() == 1);
    QVERIFY(fs::exists(path("sequence/frame-000004.png").toStdString()) && !fs::exists(path("sequence/frame-000005.png").toStdString()));
  }

  void wrong_uses_data() {
    QTest::addColumn<QStringList>("arguments");
    QTest::addColumn<int>("code");
    QTest::addColumn<QString>("says");
    const QString out = "--out", png = "OUT/x.png";
    QTest::newRow("range") << QStringList{"sample", starter_, "--set", "truncation.psi=9", out, png} << 2 << "\"truncation.psi\"|between -1 and 2";
    QTest::newRow("unknown control") << QStringList{"sample", starter_, "--set", "trunkation.psi=1", out, png} << 2 << "\"trunkation.psi\"|truncation.cutoff";
    QTest::newRow("no value") << QStringList{"sample", starter_, "--set", "seed", out, png} << 2 << "control=value";
    QTest::newRow("seeds") << QStringList{"sample", starter_, "--seeds", "5-x", out, png} << 2 << "5-x";
    QTest::newRow("grid too small") << QStringList{"sample", starter_, "--seeds", "0-9", "--grid", "2x2", out, png} << 2 << "do not fit";
    QTest::newRow("no model") << QStringList{"sample", "OUT/none.safetensors", out, png} << 3 << "none.safetensors";
    QTest::newRow("path missing") << QStringList{"film", starter_, "--path", "OUT/none.json", out, "OUT/x.mp4"} << 3 << "none.json";
    QTest::newRow("not a film") << QStringList{"film", starter_, "--seeds", "1-2", out, "OUT/x.avi"} << 2 << "x.avi";
    QTest::newRow("no recipe") << QStringList{"verify", QString(ORRERY_TEST_DIR) + "/engine/CMakeLists.txt"} << 3 << "CMakeLists.txt";
    QTest::newRow("nothing to recover") << QStringList{"film", "--recover", "OUT/none.mp4.part", out, "OUT/x.mp4"} << 3 << "none.mp4.part";
  }
  void wrong_uses() {
    QFETCH(QStringList, arguments);
    QFETCH(int, code);
    QFETCH(QString, says);
    for (auto& argument : arguments) argument.replace("OUT/", path(""));
    const Run result = run(arguments);
    QVERIFY2(result.code == code && result.error.startsWith("orrery: "), qPrintable(QString::number(result.code) + result.error));
    for (const auto& word : says.split('|')) QVERIFY2(result.error.contains(word), qPrintable(result.error));
    QStringList left = QDir(folder_->path()).entryList(QDir::AllEntries | QDir::NoDotAndDotDot);
    left.removeAll("cache");
    QVERIFY2(left.isEmpty(), qPrintable(left.join(' ')));
  }

  void a_changed_picture_fails() {
    QCOMPARE(run({"sample", starter_, "--out", path("a.png")}).code, 0);
    auto png = io::read_png(path("a.png").toStdString());
    png.pixels[10] ^= 0x40;
    io::write_png(path("a.png").toStdString(), png.view(), png.text);
    const Run result = run({"verify", path("a.png")});
    QVERIFY(result.code == 5 && result.out.contains("not bit-equal") && result.out.contains("dB") && result.out.contains("changed after the export"));
  }

  void ctrl_c_leaves_nothing() {
    QProcess process;
    process.start(ORRERY_PROGRAM, {"film", starter_, "--seeds", "0-9", "--seconds", "600", "--size", "64", "--out", path("long.mp4")});
    QVERIFY(process.waitForStarted());
    QTRY_VERIFY_WITH_TIMEOUT(fs::exists(path("long.mp4.part").toStdString()), 60000);
    ::kill(static_cast<pid_t>(process.processId()), SIGINT);
    QVERIFY(process.waitForFinished(60000));
    QCOMPARE(process.exitCode(), 4);
    QVERIFY(!fs::exists(path("long.mp4").toStdString()) && !fs::exists(path("long.mp4.part").toStdString()));
  }

 private:
  QString path(const QString& name) const { return folder_->path() + "/" + name; }
  static Run run(const QStringList& arguments) {
    QProcess process;
    process.start(ORRERY_PROGRAM, arguments);
    Run out;
    if (!process.waitForFinished(120000)) process.kill();
    out.code = process.exitStatus() == QProcess::NormalExit ? process.exitCode() : -1;
    out.out = QString::fromUtf8(process.readAllStandardOutput());
    out.error = QString::fromUtf8(process.readAllStandardError());
    return out;
  }

  const QString starter_ = "starter:emoji";
  std::unique_ptr<QTemporaryDir> folder_;
};

QTEST_GUILESS_MAIN(TestPlayingVerbs)
#include "test_playing_verbs.moc"
