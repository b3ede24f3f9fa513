#include <QComboBox>
#include <QLineEdit>
#include <QPainter>
#include <QSignalSpy>

#include "panel_bench.h"
#include "ui/data/current_data.h"
#include "ui/data/data_panel.h"
#include "ui/data/import_form.h"
#include "ui/data/network_view.h"
#include "ui/data/problem_model.h"
#include "ui/project/attached.h"
#include "window_test.h"

using namespace orrery;
using namespace orrery::ui;

namespace {

void writePictures(const QString& folder) {
  for (const char* name : {"cats", "dogs"}) {
    QDir().mkpath(folder + "/" + name);
    for (int i = 0; i < 3; ++i) {
      QImage picture(320, 200, QImage::Format_RGB32);
      QPainter painter(&picture);
      QLinearGradient sky(0, 0, 0, 200);
      sky.setColorAt(0, QColor(90, 140, 210));
      sky.setColorAt(1, QColor(240, 200, 150));
      painter.fillRect(picture.rect(), sky);
      painter.setBrush(QColor(250, 220, 90));
      painter.drawEllipse(130 + 20 * i, 60, 60, 60);
      painter.setBrush(QColor(60, 110, 70));
      painter.drawEllipse(-60, 150, 440, 160);
      painter.end();
      QVERIFY(picture.save(QStringLiteral("%1/%2/%3.png").arg(folder, QLatin1String(name)).arg(i)));
    }
  }
  QFile note(folder + "/notes.txt");
  QVERIFY(note.open(QIODevice::WriteOnly));
}

}  // namespace

class TestDataPanel : public QObject {
  Q_OBJECT

  struct Place : Bench {
    Place() {
      session->start();
      panel = new DataPanel(*session);
      form = new ImportForm(*session);
      show(form, {420, 780});
      show(panel, {1100, 760});
      // As the window does: what asks for the sheet gets it.
      QObject::connect(session.get(), &Session::sheetRequested, form, [this](const QString& id, const QStringList& arguments) {
        if (id == "import") form->setArguments(arguments);
      });
      folder = home.filePath("pictures");
      writePictures(folder);
    }
    ~Place() {
      delete panel;
      delete form;
    }
    QPushButton* import() { return form->findChild<QPushButton*>("import"); }
    DataPanel* panel;
    ImportForm* form;
    QString folder;
  };

 private Q_SLOTS:
  void initTestCase() { useLook(); }

  void dropEnterDone() {
    Place place;
    QSignalSpy closed(place.session.get(), &Session::sheetClosed);
    QSignalSpy workspace(place.session.get(), &Session::workspaceRequested);
    QVERIFY(orrery::test::drop(*place.panel, {place.folder}));
    QTRY_VERIFY(place.form->count().done);
    QCOMPARE(place.form->count().pictures, 6);
    // The defaults: 64 px, cropped, classes from the two folders, named after the folder.
    const ImportOptions options = place.form->options();
    QCOMPARE(options.size_px, 64);
    QVERIFY(options.fit == Fit::crop);
    QVERIFY(options.classes == ClassSource::folders);
    QVERIFY(QString::fromStdString(options.out).endsWith("/pictures.zip"));
    place.form->activateWindow();
    place.import()->setFocus();
    QTest::keyClick(place.form, Qt::Key_Return);
    QTRY_COMPARE(closed.count(), 1);
    QCOMPARE(workspace.last()[0].toString(), QString("data"));
    auto& data = attached<CurrentData>(*place.session);
    QTRY_VERIFY(data.info().has_value());
    QVERIFY(data.store().endsWith("/pictures.zip"));
    // Then "Train" offers what fits.
    QTRY_VERIFY(!place.panel->offers().isEmpty());
    QSignalSpy sheet(place.session.get(), &Session::sheetRequested);
    QTest::mouseClick(place.panel->offers().front(), Qt::LeftButton);
    QCOMPARE(sheet.last()[0].toString(), QString("new-run"));
    QVERIFY(sheet.last()[1].toStringList().contains("data=" + data.store()));
  }

  void choicesReachTheJob() {
    Place place;
    place.form->setArguments({place.folder});
    QTRY_VERIFY(place.form->count().done);
    for (auto* box : place.form->findChildren<QComboBox*>()) {
      if (box->accessibleName() == "Size") {
        box->setFocus();
        QTest::keyClick(box, Qt::Key_Down);
      }
    }
    for (auto* line : place.form->findChildren<QLineEdit*>()) {
      if (line->accessibleName() == "Name of the data set") {
        line->selectAll();
        QTest::keyClicks(line, "My cats & dogs");
      }
    }
    const ImportOptions options = place.form->options();
    QCOMPARE(options.size_px, 128);
    QVERIFY(QString::fromStdString(options.out).endsWith("/My-cats-dogs.zip"));
  }

  void anEmptyFolderIsToldAtOnce() {
    Place place;
    const QString empty = place.home.filePath("empty");
    QDir().mkpath(empty);
    place.form->setArguments({empty});
    QTRY_VERIFY(place.form->count().done);
    QTRY_VERIFY(!place.import()->isEnabled());
  }

  void aFailureKeepsTheForm() {
    Place place;
    const QString broken = place.home.filePath("broken");
    writePictures(broken);
    QSignalSpy closed(place.session.get(), &Session::sheetClosed);
    place.form->setArguments({broken});
    QTRY_VERIFY(place.form->count().done);
    QTest::mouseClick(place.import(), Qt::LeftButton);
    bool told = false;
    QTRY_VERIFY([&] {
      for (auto* one : place.form->findChildren<QLabel*>()) told = told || one->text().contains("disk is full");
      return told;
    }());
    QCOMPARE(closed.count(), 0);
    QVERIFY(place.import()->isEnabled());
  }

  void cancelStopsTheImport() {
    Place place;
    place.form->setArguments({place.folder});
    QTRY_VERIFY(place.form->count().done);
    QTest::mouseClick(place.import(), Qt::LeftButton);
    QPushButton* cancel = nullptr;
    QTRY_VERIFY((cancel = findBy<QPushButton>(*place.form, "Cancel the import")));
    QTest::mouseClick(cancel, Qt::LeftButton);
    QTRY_VERIFY(findBy<QPushButton>(*place.form, "Cancel"));
    bool cancelled = false;
    for (const auto& [id, status] : place.session->jobs()) cancelled = cancelled || status.state == JobState::cancelled;
    QVERIFY(cancelled);
  }

  void whatTheNetworkSees() {
    Place place;
    attached<CurrentData>(*place.session).setStore("builtin:emoji");
    auto& view = place.panel->network();
    QTRY_COMPARE(view.stored().pictures().size(), 6);
    QTRY_COMPARE(view.augmented().pictures().size(), NetworkView::kDraws);
    QVERIFY(view.reason().isEmpty());
    QCOMPARE(place.panel->problems().rowCount(), 3);
    place.panel->problems().setShow(ProblemModel::Show::kept);
    QCOMPARE(place.panel->problems().rowCount(), 1);
  }

  void badDataSaysWhy() {
    Place place;
    attached<CurrentData>(*place.session).setStore("/somewhere/else.txt");
    bool told = false;
    QTRY_VERIFY([&] {
      for (auto* one : place.panel->findChildren<QLabel*>()) told = told || (one->isVisible() && one->text().contains("not a dataset"));
      return told;
    }());
  }

  void shots() {
    Place place;
    keepShots(*place.panel, "data-empty");
    attached<CurrentData>(*place.session).setStore("builtin:emoji");
    QTRY_COMPARE(place.panel->network().augmented().pictures().size(), NetworkView::kDraws);
    QTest::qWait(100);
    keepShots(*place.panel, "data");
    keepShots(*place.form, "import-empty");
    place.form->setArguments({place.folder});
    QTRY_VERIFY(place.form->count().done);
    QTest::qWait(200);
    keepShots(*place.form, "import");
  }
};

QTEST_MAIN(TestDataPanel)
#include "test_data_panel.moc"
