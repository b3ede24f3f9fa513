#include <sys/stat.h>
#include <unistd.h>

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "ui/project/atomic_write.h"
#include "ui/project/project_file.h"
#include "ui/project/user_folders.h"

using namespace orrery;
using namespace orrery::ui;

namespace {

Project sample() {
  Project project;
  Request request{"starter:emoji", {{"truncation.psi", 1.0}, {"seed", std::int64_t{9007199254740993}}, {"latent.pad", std::vector<double>{1.0, 2.25}},
                                    {"noise.on", true}, {"text", std::string("Žluťoučký\nkůň")}}};
  project.session.views = {request, Request{"file:/x", {}}};
  project.session.active = 1;
  project.session.mode = StageMode::wipe;
  project.session.positions[4] = request;
  project.session.timeline.base = request;
  project.session.timeline.loop = true;
  project.session.timeline.tracks = {{"truncation.psi", {{0.0, 1.0, Easing::hold}, {2.0, 0.5, Easing::linear}}}};
  project.session.model_paths = {{"starter:emoji", ""}, {"file:/x", "/x"}};
  project.workspace = "train";
  project.window_layout = QByteArray("\0\xff\x80 layout", 10);
  project.dataset = "builtin:emoji";
  ShelfEntry entry;
  entry.kind = ShelfKind::data;
  entry.path = "/data/čtyři.zip";
  entry.name = "čtyři";
  entry.tags = QStringList{"a"};
  entry.when = QDateTime::fromString("2024-05-06T07:08:09.123Z", Qt::ISODateWithMs).toLocalTime();
  project.shelf = {entry};
  return project;
}

}  // namespace

class TestProjectFile : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void roundTripKeepsEveryBit() {
    const Project before = sample();
    const QByteArray json = projectToJson(before);
    auto result = projectFromJson(json);
    QVERIFY2(result, result ? "" : result.error().what_happened.c_str());
    const Project& after = result.value();
    QVERIFY(after.session.views == before.session.views);
    QCOMPARE(after.session.active, 1);
    QVERIFY(after.session.mode == StageMode::wipe);
    QVERIFY(after.session.positions == before.session.positions);
    QCOMPARE(timeline_to_json(after.session.timeline), timeline_to_json(before.session.timeline));
    QVERIFY(after.session.model_paths == before.session.model_paths);
    QCOMPARE(after.window_layout, before.window_layout);
    QCOMPARE(after.workspace, before.workspace);
    QCOMPARE(after.dataset, before.dataset);
    QCOMPARE(after.shelf, before.shelf);
    QCOMPARE(projectToJson(after), json);
    QVERIFY(json.left(100).contains("\"orrery_project\""));
  }
  void damageIsToldNotGuessed_data() {
    QTest::addColumn<QByteArray>("json");
    const QByteArray good = projectToJson(sample());
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("not json") << QByteArray("\x89PNG");
    QTest::newRow("other json") << QByteArray("{\"a\": 1}");
    QTest::newRow("cut") << good.left(good.size() / 2);
    QTest::newRow("newer") << QByteArray(good).replace("\"orrery_project\": 1", "\"orrery_project\": 2");
    QTest::newRow("version is text") << QByteArray(good).replace("\"orrery_project\": 1", "\"orrery_project\": \"1\"");
    QTest::newRow("no views") << QByteArray("{\"orrery_project\": 1, \"views\": [], \"timeline\": {}}");
    QTest::newRow("views of another kind") << QByteArray("{\"orrery_project\": 1, \"views\": [3], \"timeline\": {}}");
    QTest::newRow("timeline of another kind") << QByteArray("{\"orrery_project\": 1, \"views\": [{\"model\": \"\", \"values\": {}}], \"timeline\": 7}");
  }
  void damageIsToldNotGuessed() {
    QFETCH(QByteArray, json);
    const auto result = projectFromJson(json);
    QVERIFY(!result);
    QVERIFY(!result.error().what_happened.empty());
    QVERIFY(!result.error().what_to_do.empty());
  }
  void anActiveViewThatDoesNotExistIsTheFirst() {
    QByteArray json = projectToJson(sample());
    json.replace("\"active_view\": 1", "\"active_view\": 77");
    auto result = projectFromJson(json);
    QVERIFY(result);
    QCOMPARE(result.value().session.active, 0);
  }

  void writesWholeOrNot() {
    QTemporaryDir folder;
    const QString path = folder.filePath("deep/er/file.json");
    QVERIFY(!writeFileAtomically(path, "one"));
    QVERIFY(!writeFileAtomically(path, QByteArray(1 << 20, 'x')));
    QCOMPARE(readSmallFile(path)->size(), 1 << 20);
    QCOMPARE(QDir(folder.filePath("deep/er")).entryList(QDir::Files | QDir::Hidden), QStringList{"file.json"});
    QVERIFY(!readSmallFile(path, 10));
    QVERIFY(!readSmallFile(folder.filePath("missing")));
  }
  void aLinkKeepsPointing() {
    QTemporaryDir folder;
    QVERIFY(!writeFileAtomically(folder.filePath("real"), "one"));
    QVERIFY(QFile::link(folder.filePath("real"), folder.filePath("link")));
    QVERIFY(!writeFileAtomically(folder.filePath("link"), "two"));
    QVERIFY(QFileInfo(folder.filePath("link")).isSymLink());
    QCOMPARE(*readSmallFile(folder.filePath("real")), QByteArray("two"));
  }
  void aFailureKeepsWhatWasThere() {
    QTemporaryDir folder;
    QVERIFY(QDir(folder.path()).mkpath("taken/inside"));
    const auto reason = writeFileAtomically(folder.filePath("taken"), "x");
    QVERIFY(reason);
    QVERIFY(!reason->isEmpty());
    QVERIFY(QFileInfo(folder.filePath("taken/inside")).isDir());
    QCOMPARE(QDir(folder.path()).entryList(QDir::AllEntries | QDir::Hidden | QDir::NoDotAndDotDot), QStringList{"taken"});
  }
  void freeNames() {
    QTemporaryDir folder;
    QCOMPARE(freePath(folder.path(), "run", ""), folder.filePath("run"));
    QVERIFY(QDir(folder.path()).mkdir("run"));
    QCOMPARE(freePath(folder.path(), "run", ""), folder.filePath("run-2"));
    QCOMPARE(fileNameFrom("../../My photos (2)!"), QString("My-photos-2"));
    QCOMPARE(fileNameFrom("///"), QString("untitled"));
  }
  void foldersFollowXdg() {
    qputenv("XDG_DATA_HOME", "/somewhere/data");
    QCOMPARE(dataFolder(), QString("/somewhere/data/orrery"));
    qputenv("XDG_DATA_HOME", "relative");
    QCOMPARE(dataFolder(), QDir::homePath() + "/.local/share/orrery");
    qunsetenv("XDG_DATA_HOME");
  }
};

QTEST_GUILESS_MAIN(TestProjectFile)
#include "test_project_file.moc"
