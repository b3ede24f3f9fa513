// Only in builds without importers: stores are read, importing says that it cannot.
#include <QTest>

#include "engine/api/result.h"
#include "engine/data/import.h"
#include "engine/data/store.h"

class TestNoMedia : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void importing_is_refused_in_a_sentence() {
    orrery::data::ImportObserver observer;
    const auto refusal = [](auto call) -> QString {
      try {
        call();
      } catch (const orrery::Error& error) {
        return error.what();
      }
      return {};
    };
    QVERIFY(refusal([&] { orrery::data::import_dataset({.sources = {"a.png"}, .out = "b.zip"}, observer); }).contains("no importers"));
    QVERIFY(refusal([&] { orrery::data::Store::open("builtin:emoji", 21); }).contains("no importers"));
  }
};

QTEST_GUILESS_MAIN(TestNoMedia)
#include "test_no_media.moc"
