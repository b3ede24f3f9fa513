#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "ui/shelf/shelf_store.h"

using namespace orrery::ui;

namespace {

ShelfEntry entry(const QString& path, ShelfKind kind = ShelfKind::model) {
  ShelfEntry e;
  e.kind = kind;
  e.path = path;
  e.name = "name of " + path;
  e.size_bytes = 12345678901;
  e.when = QDateTime::fromString("2024-05-06T07:08:09.123Z", Qt::ISODateWithMs).toLocalTime();
  return e;
}

}  // namespace

class TestShelfStore : public QObject {
  Q_OBJECT
 private Q_SLOTS:
  void survivesARestart() {
    QTemporaryDir folder;
    const QString file = folder.filePath("shelf.json");
    {
      ShelfStore store(file);
      store.load();
      store.put(entry("/a/model.safetensors"));
      store.put(entry("/a/žluť.zip", ShelfKind::data));
      store.setTags("/a/žluť.zip", {"big", "2024"});
      store.rename("/a/model.safetensors", "  Faces ");
    }
    ShelfStore store(file);
    store.load();
    QCOMPARE(store.entries().size(), 2);
    QCOMPARE(store.find("/a/model.safetensors")->name, QString("Faces"));
    QCOMPARE(store.find("/a/model.safetensors")->when, entry("x").when);
    QCOMPARE(store.find("/a/žluť.zip")->tags, (QStringList{"big", "2024"}));
    QCOMPARE(store.find("/a/žluť.zip")->size_bytes, 12345678901);
  }
  void puttingAgainKeepsThePersonsOwnWords() {
    QTemporaryDir folder;
    ShelfStore store(folder.filePath("shelf.json"));
    store.put(entry("/a"));
    store.rename("/a", "Mine");
    auto again = entry("/a");
    again.size_bytes = 5;
    store.put(again);
    QCOMPARE(store.entries().size(), 1);
    QCOMPARE(store.find("/a")->name, QString("Mine"));
    QCOMPARE(store.find("/a")->size_bytes, 5);
    QSignalSpy changed(&store, &ShelfStore::changed);
    store.put(again);
    QCOMPARE(changed.count(), 0);  // nothing new: nothing written
  }
  void removeAndPutBack() {
    QTemporaryDir folder;
    ShelfStore store(folder.filePath("shelf.json"));
    store.put(entry("/a"));
    const ShelfEntry kept = *store.find("/a");
    store.remove("/a");
    QVERIFY(!store.find("/a"));
    store.restore(kept);
    QCOMPARE(*store.find("/a"), kept);
  }
  void moves() {
    QTemporaryDir folder;
    ShelfStore store(folder.filePath("shelf.json"));
    store.put(entry(folder.filePath("gone")));
    store.put(entry("/b"));
    QVERIFY(isMissing(*store.find(folder.filePath("gone"))));
    store.relocate(folder.filePath("gone"), folder.filePath("shelf.json"));
    QVERIFY(!isMissing(*store.find(folder.filePath("shelf.json"))));
    store.relocate("/b", folder.filePath("shelf.json"));  // two entries of one file become one
    QCOMPARE(store.entries().size(), 1);
    QVERIFY(!isMissing(entry("builtin:emoji")));
  }
  void damageIsSetAside() {
    QTemporaryDir folder;
    const QString path = folder.filePath("shelf.json");
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write("{\"entries\": [");
    file.close();
    ShelfStore store(path);
    QSignalSpy problem(&store, &ShelfStore::problem);
    store.load();
    QCOMPARE(problem.count(), 1);
    QVERIFY(QFile::exists(path + ".damaged"));
    store.put(entry("/a"));
    QVERIFY(QFile::exists(path));
  }
};

QTEST_GUILESS_MAIN(TestShelfStore)
#include "test_shelf_store.moc"
