// The whole story in the real window: a folder is dropped, a network trained on it, keys set, a film exported, the project saved and opened again.
#include <QClipboard>
#include <QDropEvent>
#include <QLineEdit>
#include <QPainter>
#include <QPushButton>
#include <QScrollBar>
#include <QSettings>
#include <QSignalSpy>
#include <QToolButton>
#include <QUrl>

#include "fake_studio.h"
#include "ui/data/current_data.h"
#include "ui/data/data_panel.h"
#include "ui/data/import_form.h"
#include "ui/export/export_panel.h"
#include "ui/project/attached.h"
#include "ui/project/bind_project.h"
#include "ui/project/project_keeper.h"
#include "ui/session/playback.h"
#include "ui/session/session.h"
#include "ui/stage/stage.h"
#include "ui/style/theme.h"
#include "ui/tape/film_strip.h"
#include "ui/tape/tape_panel.h"
#include "ui/timeline/timeline_panel.h"
#include "ui/train/run_book.h"
#include "ui/train/run_form.h"
#include "ui/train/train_panel.h"
#include "ui/widgets/accessible_value.h"
#include "ui/window/dock.h"
#include "ui/window/main_window.h"
#include "ui/window/sheet_host.h"
#include "window_test.h"

using namespace orrery;
using namespace orrery::ui;

namespace {

Theme* theme = nullptr;

void writePictures(const QString& folder) {
  for (const char* name : {"day", "night"}) {
    QDir().mkpath(folder + "/" + name);
    for (int i = 0; i < 4; ++i) {
      QImage picture(240, 160, QImage::Format_RGB32);
      picture.fill(*name == 'd' ? QColor(140, 190, 240) : QColor(20, 24, 60));
      QPainter painter(&picture);
      painter.setRenderHint(QPainter::Antialiasing);
      painter.setPen(Qt::NoPen);
      painter.setBrush(QColor(250, 220, 120));
      painter.drawEllipse(40 + 40 * i, 30, 44, 44);
      painter.setBrush(QColor(60, 110, 70));
      painter.drawEllipse(-40, 110, 320, 140);
      painter.end();
      QVERIFY(picture.save(QStringLiteral("%1/%2/%3.png").arg(folder, QLatin1String(name)).arg(i)));
    }
  }
}

}  // namespace

class TestFlows : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    QSettings().clear();
    home_ = std::make_unique<QTemporaryDir>();
    for (const char* name : {"HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"}) qputenv(name, home_->path().toUtf8());
    studio_ = fake::makeStudio({.frame_ms = 2, .job_speed = 10.0, .denoiser_steps = 18, .step_ms = 1});
    session_ = std::make_unique<Session>(*studio_);
    window_ = std::make_unique<MainWindow>(*session_, *theme);
    window_->resize(1440, 900);
    window_->show();
    window_->activateWindow();
    QVERIFY(QTest::qWaitForWindowExposed(window_.get()));
    session_->start();
    bindProject(*window_);
    QTest::qWait(100);
  }
  void cleanup() {
    window_.reset();
    session_.reset();
    studio_.reset();
  }

  void fromAFolderToAFilm() {
    // 1. A folder is dropped on the window.
    const QString folder = home_->filePath("Skies");
    writePictures(folder);
    QVERIFY(test::drop(*window_, {folder}, {600, 300}));
    QTRY_COMPARE(window_->sheets().current(), QString("import"));
    auto* import = qobject_cast<ImportForm*>(window_->sheets().sheet("import"));
    QTRY_VERIFY(import->count().done);
    QCOMPARE(import->count().pictures, 8);
    QTest::qWait(250);
    test::keepShot(*window_, "flow-1-import");
    // 2. Enter: the defaults are good enough.
    QTRY_VERIFY(import->isAncestorOf(window_->focusWidget()) || import == window_->focusWidget());
    QTest::keyClick(window_->windowHandle(), Qt::Key_Return);
    QTRY_COMPARE(window_->workspace(), QString("data"));
    auto& data = attached<CurrentData>(*session_);
    QTRY_VERIFY(data.info().has_value());
    QVERIFY(data.store().endsWith("Skies.zip"));
    QTest::qWait(400);
    test::keepShot(*window_, "flow-2-data");
    // 3. "Train" offers what fits; the form is ready to start.
    auto* panel = qobject_cast<DataPanel*>(window_->panel("data"));
    QVERIFY(!panel->offers().isEmpty());
    QTest::mouseClick(panel->offers().front(), Qt::LeftButton);
    QTRY_COMPARE(window_->sheets().current(), QString("new-run"));
    auto* form = qobject_cast<RunForm*>(window_->sheets().sheet("new-run"));
    auto* start = form->findChild<QPushButton*>("start_run");
    QTRY_VERIFY(start->isEnabled());
    QTest::qWait(200);
    test::keepShot(*window_, "flow-3-new-run");
    QTest::mouseClick(start, Qt::LeftButton);
    QTRY_COMPARE(window_->workspace(), QString("train"));
    auto& book = attached<RunBook>(*session_);
    QTRY_VERIFY(book.current() && book.current()->status.state == JobState::running);
    // The stage turns to what is being learnt.
    QTRY_VERIFY(session_->model() && session_->model()->id.starts_with("run:"));
    QCOMPARE(QString::fromStdString(form->options().data), data.store());
    // 4. It trains fifty steps and more while the stage can be played.
    QTRY_VERIFY(book.current()->history.curves().contains("loss.g") && book.current()->history.curves().at("loss.g").value.size() > 50);
    session_->setControl("truncation.psi", 0.9);
    session_->endGesture();
    QTest::qWait(400);
    test::keepShot(*window_, "flow-4-train");
    auto* train = qobject_cast<TrainPanel*>(window_->panel("train"));
    QTest::mouseClick(train->findChild<QPushButton*>("stop_and_save"), Qt::LeftButton);
    QTRY_VERIFY(book.current()->status.state == JobState::done);

    // 5. Keys, and the path plays.
    window_->setWorkspace("play");
    QTest::qWait(100);
    session_->playback().seek(0.0);
    session_->toggleKeyframe("truncation.psi");
    session_->playback().seek(2.0);
    session_->setControl("truncation.psi", 0.1);
    session_->endGesture();
    session_->toggleKeyframe("truncation.psi");
    session_->playback().seek(0.0);
    auto* timeline = qobject_cast<TimelinePanel*>(window_->panel("timeline"));
    for (auto* tool : timeline->findChildren<QToolButton*>()) {
      if (tool->accessibleName() == "Play") QTest::mouseClick(tool, Qt::LeftButton);
    }
    QTRY_VERIFY(session_->playback().time_s() > 0.3);
    session_->playback().stop();
    // 6. The film.
    QTest::mouseClick(filmButton(*timeline), Qt::LeftButton);
    QTRY_COMPARE(window_->sheets().current(), QString("export"));
    auto* sheet = qobject_cast<ExportPanel*>(window_->sheets().sheet("export"));
    QVERIFY(sheet->choices().what == ExportWhat::film);
    QTest::qWait(250);
    test::keepShot(*window_, "flow-6-export");
    QTest::mouseClick(sheet->findChild<QPushButton*>("export"), Qt::LeftButton);
    QTRY_VERIFY(session_->jobs().rbegin()->second.kind == "export" && session_->jobs().rbegin()->second.state == JobState::done);
    session_->closeSheet();
    // 7. Everything can be taken back.
    const Request with = session_->request();
    while (session_->undo().canUndo()) session_->undo().undo();
    QVERIFY(session_->timeline().tracks.empty());
    while (session_->undo().canRedo()) session_->undo().redo();
    QCOMPARE(session_->timeline().tracks.size(), 1u);
    // 8. Saved, lost, opened again.
    const QString file = home_->filePath("Skies.orrery");
    auto& keeper = attached<ProjectKeeper>(*session_);
    QVERIFY(keeper.saveAs(file));
    QVERIFY(window_->windowTitle().startsWith("Skies"));
    const std::string timeline_before = timeline_to_json(session_->timeline());
    keeper.startNew();
    window_->setWorkspace("data");
    QVERIFY(session_->timeline().tracks.empty());
    session_->openPath(file);
    QTRY_COMPARE(session_->timeline().tracks.size(), 1u);
    QCOMPARE(timeline_to_json(session_->timeline()), timeline_before);
    QTRY_COMPARE(window_->workspace(), QString("play"));
    QCOMPARE(attached<CurrentData>(*session_).store(), data.store());
    QTest::qWait(150);
    test::keepShot(*window_, "flow-8-restored");
  }

  void theCatalogueLeadsToARun() {
    session_->openSheet("catalogue");
    QTRY_COMPARE(window_->sheets().current(), QString("catalogue"));
    QTest::qWait(250);
    test::keepShot(*window_, "flow-catalogue");
    session_->openSheet("catalogue", {"stylegan2"});
    QTest::qWait(250);
    test::keepShot(*window_, "flow-explained");
    session_->openSheet("projects");
    QTest::qWait(250);
    test::keepShot(*window_, "flow-projects");
  }

  void aTapeIsScrubbedBranchedAndExported() {
    QVERIFY(window_->dock("tape")->isHidden());  // the starter paints in one step
    session_->showModel("starter:denoiser");
    QTRY_VERIFY(window_->dock("tape")->isVisible());
    auto* panel = qobject_cast<TapePanel*>(window_->panel("tape"));
    auto& desk = panel->desk();
    QTRY_VERIFY(desk.tape() && desk.tape()->complete && session_->frame(0) && session_->frame(0)->step == 18);
    QTest::qWait(300);
    // 1. A drag along the strip shows the steps on the stage, with a note; Escape brings the picture back.
    auto& strip = panel->strip();
    strip.horizontalScrollBar()->setValue(0);
    QTest::mousePress(strip.viewport(), Qt::LeftButton, {}, strip.cellRect(1, 0).center());
    for (int step = 2; step <= 5; ++step) QTest::mouseMove(strip.viewport(), strip.cellRect(step, 0).center());
    QTest::mouseRelease(strip.viewport(), Qt::LeftButton, {}, strip.cellRect(5, 0).center());
    QCOMPARE(desk.step(), 5);
    QTRY_VERIFY(desk.stepImage(0));
    const auto notes = [this] {
      QStringList all;
      for (const auto& chip : window_->stage().core().overlay(QApplication::palette()).chips) all += chip.lines;
      return all.join('\n');
    };
    QVERIFY(notes().contains("Step 5 of 18"));
    QTest::qWait(150);
    test::keepShot(*window_, "flow-tape-scrub");
    QTest::keyClick(window_.get(), Qt::Key_Escape);
    QVERIFY(!desk.scrubbing());
    QVERIFY(!notes().contains("Step 5 of 18"));
    // 2. Comma and Shift+B do it from the stage.
    for (int i = 0; i < 10; ++i) QTest::keyClick(window_.get(), Qt::Key_Comma);
    QCOMPARE(desk.step(), 8);
    QTest::keyClick(window_.get(), Qt::Key_B, Qt::ShiftModifier);
    QCOMPARE(session_->request().branches.size(), 1u);
    session_->setControl("truncation.psi", -0.4);
    session_->endGesture();
    QTRY_VERIFY(desk.tape()->complete && desk.tape()->request == session_->request());
    QTest::qWait(250);
    test::keepShot(*window_, "flow-tape-branch");
    // 3. The export sheet makes a strip of it, as a job.
    session_->openSheet("export", {"tape"});
    auto* sheet = qobject_cast<ExportPanel*>(window_->sheets().sheet("export"));
    QVERIFY(sheet->choices().what == ExportWhat::tape);
    QCOMPARE(sheet->choices().tape, desk.tape()->id);
    QTest::qWait(250);
    test::keepShot(*window_, "flow-tape-export");
    QTest::mouseClick(sheet->findChild<QPushButton*>("export"), Qt::LeftButton);
    QTRY_VERIFY(!session_->jobs().empty() && session_->jobs().rbegin()->second.state == JobState::done);
    session_->closeSheet();
    // 4. The model with one step takes the dock away again, and it stays in the layout.
    session_->showModel("starter:emoji");
    QTRY_VERIFY(window_->dock("tape")->isHidden());
    session_->undo().undo();
    QTRY_VERIFY(window_->dock("tape")->isVisible());
    QCOMPARE(session_->request().branches.size(), 1u);
  }

  void closingKeepsWhatIsUnsaved() {
    session_->setControl("truncation.psi", 0.3);
    session_->endGesture();
    QTest::qWait(50);
    QVERIFY(window_->close());
    QVERIFY(QFile::exists(ProjectKeeper::lastSessionFile()));
    QVERIFY(Autosave::find().isEmpty());
  }

 private:
  static QPushButton* filmButton(QWidget& in) {
    for (auto* one : in.findChildren<QPushButton*>()) {
      if (one->text() == "Render film...") return one;
    }
    return nullptr;
  }

  std::unique_ptr<QTemporaryDir> home_;
  std::unique_ptr<Studio> studio_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<MainWindow> window_;
};

int main(int argc, char** argv) {
  if (qEnvironmentVariableIsEmpty("XDG_RUNTIME_DIR")) qputenv("XDG_RUNTIME_DIR", QDir::tempPath().toUtf8());
  QApplication application(argc, argv);
  test::ownSettings();
  QStandardPaths::setTestModeEnabled(false);
  installAccessibleFactories();
  Theme look(application);
  look.setChoice(ThemeChoice::dark);
  theme = &look;
  TestFlows flows;
  return QTest::qExec(&flows, argc, argv);
}

#include "test_flows.moc"
