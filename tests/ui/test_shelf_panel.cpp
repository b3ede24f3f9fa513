#include <QAction>
#include <QFile>
#include <QLineEdit>
#include <QSignalSpy>
#include <QTreeView>

#include "panel_bench.h"
#include "ui/project/attached.h"
#include "ui/shelf/shelf_panel.h"

using namespace orrery;
using namespace orrery::ui;

class TestShelfPanel : public QObject {
  Q_OBJECT

  struct Place : Bench {
    Place() {
      file = home.filePath("faces.safetensors");
      QFile model(file);
      model.open(QIODevice::WriteOnly);
      model.write("weights");
      model.close();
      ShelfEntry entry;
      entry.path = file;
      entry.name = "Faces";
      entry.system = "stylegan2";
      entry.size_bytes = 4'200'000;
      entry.tags = QStringList{"people"};
      entry.when = QDateTime::currentDateTime().addSecs(-7200);
      keeper().store().put(entry);
      entry.path = home.filePath("gone.png");
      entry.name = "Sunset walk";
      entry.kind = ShelfKind::exported;
      entry.tags.clear();
      keeper().store().put(entry);
      panel = new ShelfPanel(*session);
      session->start();
      show(panel, {240, 560});
    }
    ~Place() { delete panel; }
    ShelfKeeper& keeper() { return attached<ShelfKeeper>(*session); }
    QModelIndex at(const QString& path) { return panel->model().indexOf(path); }
    void press(const QString& path, const QString& action) {
      QObject owner;
      for (auto* one : panel->actionsFor(*keeper().store().find(path), &owner)) {
        if (one->objectName() == action) {
          QVERIFY2(one->isEnabled(), qPrintable(action));
          return one->trigger();
        }
      }
      QFAIL(qPrintable(action));
    }
    QString file;
    ShelfPanel* panel;
  };

 private Q_SLOTS:
  void initTestCase() { useLook(); }

  void startersStandFirst() {
    Place place;
    auto& model = place.panel->model();
    const QModelIndex models = model.index(0, 0);
    QCOMPARE(models.data().toString(), QString("Models"));
    QCOMPARE(model.rowCount(models), 3);
    QVERIFY(model.entry(model.index(0, 0, models))->starter);
    QVERIFY(model.entry(model.index(1, 0, models))->starter);
    QCOMPARE(model.index(2, 0, models).data().toString(), QString("Faces"));
    QCOMPARE(model.rowCount(model.index(1, 0)), 7);  // the built-in data: three sets of pictures, four of points
  }

  void searchAndTags() {
    Place place;
    auto* search = place.panel->findChild<QLineEdit*>();
    QTest::keyClicks(search, "#peo");
    auto& model = place.panel->model();
    QCOMPARE(model.rowCount(model.index(0, 0)), 1);
    QCOMPARE(model.rowCount(model.index(3, 0)), 0);
    search->clear();
    QTest::keyClicks(search, "sunset");
    QCOMPARE(model.rowCount(model.index(3, 0)), 1);
  }

  void enterOpens() {
    Place place;
    auto& tree = place.panel->tree();
    tree.setCurrentIndex(place.at("starter:glyphs"));
    QTest::keyClick(&tree, Qt::Key_Return);
    QCOMPARE(place.session->request().model, std::string("starter:glyphs"));
    tree.setCurrentIndex(place.at(place.file));
    QTest::keyClick(&tree, Qt::Key_Return);
    QTRY_COMPARE(place.session->request().model, "file:" + place.file.toStdString());
  }

  void dataOpensItsWorkspace() {
    Place place;
    QSignalSpy workspace(place.session.get(), &Session::workspaceRequested);
    place.press("builtin:emoji", "open");
    QCOMPARE(workspace.count(), 1);
    QCOMPARE(workspace[0][0].toString(), QString("data"));
  }

  void renameIsTypedAndUndone() {
    Place place;
    place.press(place.file, "rename");
    auto* editor = place.panel->tree().findChild<QLineEdit*>();
    QVERIFY(editor);
    editor->selectAll();
    QTest::keyClicks(editor, "Old masters");
    QTest::keyClick(editor, Qt::Key_Return);
    QTRY_COMPARE(place.keeper().store().find(place.file)->name, QString("Old masters"));
    place.session->undo().undo();
    QCOMPARE(place.keeper().store().find(place.file)->name, QString("Faces"));
  }

  void removeKeepsTheFile() {
    Place place;
    place.panel->tree().setCurrentIndex(place.at(place.file));
    QTest::keyClick(&place.panel->tree(), Qt::Key_Delete);
    QVERIFY(!place.keeper().store().find(place.file));
    QVERIFY(QFile::exists(place.file));
    place.session->undo().undo();
    QVERIFY(place.keeper().store().find(place.file));
    place.keeper().remove("starter:emoji");
    QVERIFY(place.keeper().store().find("starter:emoji"));
  }

  void missingFilesAreGreyAndCanBeLocated() {
    Place place;
    const QString gone = place.home.filePath("gone.png");
    QTRY_VERIFY(place.at(gone).data(ShelfModel::MissingRole).toBool());  // looked for on a worker thread
    QCOMPARE(place.at(gone).data(ShelfModel::SubtitleRole).toString(), QString("Missing"));
    QSignalSpy problem(place.session.get(), &Session::problem);
    place.keeper().open(*place.keeper().store().find(gone));
    QCOMPARE(problem.count(), 1);
    QObject owner;
    QStringList names;
    for (auto* one : place.panel->actionsFor(*place.keeper().store().find(gone), &owner)) names << one->objectName();
    QVERIFY(names.contains("locate"));
    place.keeper().relocate(gone, place.file);
    QVERIFY(!place.at(place.file).data(ShelfModel::MissingRole).toBool());
    // Taken away and put back while the shelf shows it.
    QVERIFY(QFile::rename(place.file, place.file + ".away"));
    place.keeper().store().setTags(place.file, {"x"});
    QTRY_VERIFY(place.keeper().missing(place.file));
    QTRY_VERIFY(place.at(place.file).data(ShelfModel::MissingRole).toBool());
    QVERIFY(QFile::rename(place.file + ".away", place.file));
    place.keeper().store().setTags(place.file, {"y"});
    QTRY_VERIFY(!place.keeper().missing(place.file));
  }

  void compareUsesTheOtherView() {
    Place place;
    place.press("starter:glyphs", "compare");
    QCOMPARE(place.session->viewCount(), 2);
    QCOMPARE(place.session->request(0).model, std::string("starter:emoji"));
    QCOMPARE(place.session->request(1).model, std::string("starter:glyphs"));
  }

  void picturesOfModelsAreKept() {
    Place place;
    QTRY_VERIFY(!place.at("starter:emoji").data(ShelfModel::ThumbnailRole).value<QPixmap>().isNull());
    QTRY_VERIFY(!place.at("builtin:emoji").data(ShelfModel::ThumbnailRole).value<QPixmap>().isNull());
    QTRY_VERIFY(!QDir(place.home.filePath("orrery/thumbnails")).entryList(QDir::Files).isEmpty());
  }

  void aModelShowsThePictureBesideIt() {
    Place place;
    QImage beside(40, 40, QImage::Format_RGB32);
    beside.fill(QColor(10, 200, 30));
    QVERIFY(beside.save(place.home.filePath("other.png")));
    ShelfEntry entry;
    entry.path = "starter:other";
    entry.kind = ShelfKind::model;
    place.keeper().thumbnails().liesAt(entry.path, place.home.filePath("other.safetensors"));
    place.keeper().store().put(entry);
    const auto picture = [&] { return place.at(entry.path).data(ShelfModel::ThumbnailRole).value<QPixmap>().toImage(); };
    QTRY_VERIFY(!picture().isNull());
    QCOMPARE(picture().pixelColor(20, 20), QColor(10, 200, 30));
  }

  void finishedWorkLandsOnTheShelf() {
    Place place;
    const QString store = place.home.filePath("mine.zip");
    QFile file(store);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.close();
    ImportOptions options;
    options.sources = {"x"};
    options.out = store.toStdString();
    place.session->submit(ImportJob{options});
    QTRY_VERIFY(place.keeper().store().find(store));
    QVERIFY(place.keeper().store().find(store)->kind == ShelfKind::data);
  }

  void shots() {
    Place place;
    place.session->showModel("starter:glyphs");
    QTest::qWait(300);
    place.session->showModel("starter:emoji");
    place.panel->tree().setCurrentIndex(place.at(place.file));
    QTest::qWait(300);
    keepShots(*place.panel, "shelf");
  }
};

QTEST_MAIN(TestShelfPanel)
#include "test_shelf_panel.moc"
