#include <QClipboard>
#include <QDir>
#include <QDropEvent>
#include <QLineEdit>
#include <QMenu>
#include <QMimeData>
#include <QPlainTextEdit>
#include <QProcess>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>
#include <QUrl>
#include <QWindow>
#include <cmath>

#include "fake_studio.h"
#include "ui/controls/control_row.h"
#include "ui/controls/controls_panel.h"
#include "ui/search/search_popup.h"
#include "ui/session/playback.h"
#include "ui/session/session.h"
#include "ui/stage/stage.h"
#include "ui/stage/surface.h"
#include "ui/style/colors.h"
#include "ui/style/theme.h"
#include "ui/widgets/accessible_value.h"
#include "ui/window/banner.h"
#include "ui/window/dock.h"
#include "ui/window/job_chip.h"
#include "ui/window/main_window.h"
#include "ui/window/sheet_host.h"
#include "ui/window/status_row.h"
#include "ui/window/verbs.h"
#include "window_test.h"

using namespace orrery;
using namespace orrery::ui;

namespace {

Theme* theme = nullptr;

TrainJob trainJob() {
  TrainJob job;
  job.options.system = "stylegan2", job.options.data = "builtin:emoji", job.options.out = "run";
  return job;
}

}  // namespace

// Pictures of every workspace, for the eye. Also run by a child process at another scale.
class Shots {
 public:
  static void take(const QString& suffix) {
    auto studio = fake::makeStudio({.frame_ms = 3});
    Session session(*studio);
    MainWindow window(session, *theme);
    window.resize(1440, 900);
    window.show();
    if (!QTest::qWaitForWindowExposed(&window)) return;
    session.start();
    QTest::qWait(500);
    test::keepShot(window, "window-start" + suffix);
    session.setControl("truncation.psi", 0.7);
    session.setControl("mix.amount", 0.4);
    session.endGesture();
    session.storePosition(0);
    session.setControl("latent.pad", std::vector<double>{1.3, 0.8});
    session.storePosition(1);
    session.setControl("latent.pad", std::vector<double>{2.1, 0.2});
    session.submit(trainJob());
    QTest::qWait(700);
    for (const char* workspace : {"play", "train", "data", "compare"}) {
      window.setWorkspace(workspace);
      QTest::qWait(350);
      test::keepShot(window, QStringLiteral("window-%1%2").arg(QLatin1String(workspace), suffix));
    }
    window.setWorkspace("play");
    session.showModel("file:everything");
    if (auto* controls = qobject_cast<ControlsPanel*>(window.panel("controls"))) controls->setShowsAll(true);
    session.report({ErrorCode::disk_full, "The disk is full.", "The pictures imported so far were not kept; the originals are untouched.",
                    "Free 2.1 GB, or choose another place.", "write: No space left on device (28)"});
    QTest::qWait(400);
    test::keepShot(window, "window-everything" + suffix);
    window.banner().dismiss();
    theme->setChoice(ThemeChoice::light);
    QTest::qWait(300);
    test::keepShot(window, "window-light" + suffix);
    theme->setChoice(ThemeChoice::dark);
    window.openSearch();
    QTest::keyClicks(window.search().line(), "trunc");
    QTest::qWait(200);
    // The search is a window of its own: take the screen.
    window.screen()
        ->grabWindow(0, window.x(), window.y(), window.width(), window.height())
        .save(QStringLiteral(ORRERY_SHOTS_DIR "/window-search%1.png").arg(suffix));
    window.search().hide();
    for (const auto& [id, status] : session.jobs()) session.say(id, JobVerb::stop_without_saving);
  }
};

class TestWindow : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    QSettings().clear();
    theme->setChoice(ThemeChoice::dark);
    studio_ = fake::makeStudio({.frame_ms = 3, .job_speed = 8.0});
    session_ = std::make_unique<Session>(*studio_);
    makeWindow();
  }
  void cleanup() {
    window_.reset();
    session_.reset();
    studio_.reset();
  }

  void aStarterMovesUntilSomebodyActs() {
    QVERIFY(session_->playback().drifting());
    const Request at = session_->request();
    QTRY_VERIFY(!(session_->request() == at));
    // The one line that says how to begin, and that it goes away.
    const auto hints = [&] {
      int count = 0;
      for (const auto& chip : window_->stage().core().overlay(window_->palette()).chips)
        count += chip.corner == OverlayChip::Corner::top_middle;
      return count;
    };
    QCOMPARE(hints(), 1);
    QTest::mouseClick(glWindow(), Qt::LeftButton, {}, {300, 300});
    QVERIFY(!session_->playback().drifting());
    QTRY_COMPARE(hints(), 0);
  }

  void keysReachTheStageFromTheStageItself() {
    QWindow* gl = glWindow();
    gl->requestActivate();
    QTest::qWait(50);
    QTest::keyClick(gl, Qt::Key_3, Qt::ShiftModifier);
    QVERIFY(session_->position(2));
    QTest::keyClick(gl, Qt::Key_R);
    QVERIFY(!(session_->request() == *session_->position(2)));
    QTest::keyClick(gl, Qt::Key_Z, Qt::ControlModifier);
    QTRY_COMPARE(session_->request(), *session_->position(2));
    QTest::keyClick(gl, Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
    QTRY_VERIFY(!(session_->request() == *session_->position(2)));
  }

  void lettersDoNotActWhileTyping() {
    auto* controls = qobject_cast<ControlsPanel*>(window_->panel("controls"));
    QVERIFY(controls);
    session_->noteAction();
    const Request before = session_->request();
    controls->search()->setFocus();
    QTest::keyClicks(controls->search(), "rh3");
    QCOMPARE(controls->search()->text(), QString("rh3"));
    QCOMPARE(session_->request(), before);
  }

  void searchFindsAndSets() {
    session_->noteAction();
    window_->openSearch();
    QVERIFY(window_->search().isVisible());
    QVERIFY(window_->search().count() > 20);
    QTest::keyClicks(window_->search().line(), "trunc 0.5");
    QVERIFY2(window_->search().titleAt(0).contains("0.5"), qPrintable(window_->search().titleAt(0)));
    QTest::keyClick(window_->search().line(), Qt::Key_Return);
    QVERIFY(!window_->search().isVisible());
    QCOMPARE(session_->request().get<double>("truncation.psi", 1.0), 0.5);
    window_->openSearch();
    QTest::keyClicks(window_->search().line(), "glyphs");
    QTest::keyClick(window_->search().line(), Qt::Key_Return);
    QCOMPARE(session_->model()->id, std::string("starter:glyphs"));
    window_->openSearch();
    QTest::keyClicks(window_->search().line(), "workspace compare");
    QTest::keyClick(window_->search().line(), Qt::Key_Return);
    QCOMPARE(window_->workspace(), QString("compare"));
    QCOMPARE(session_->viewCount(), 2);
    window_->setWorkspace("play");
    QCOMPARE(session_->viewCount(), 1);
  }

  void foldersCanBeDroppedAnywhere() {
    session_->noteAction();
    QSignalSpy sheets(session_.get(), &Session::sheetRequested);
    QTemporaryDir folder;
    QVERIFY(QDir(folder.path()).mkpath(QString::fromUtf8("Bilder ü/Katzen")));
    QMimeData mime;
    mime.setUrls({QUrl::fromLocalFile(folder.filePath(QString::fromUtf8("Bilder ü")))});
    const auto drop = [&](QObject* target, const QPointF& at) {
      QDragEnterEvent enter(at.toPoint(), Qt::CopyAction, &mime, Qt::LeftButton, {});
      QCoreApplication::sendEvent(target, &enter);
      QVERIFY(enter.isAccepted());
      QDropEvent event(at, Qt::CopyAction, &mime, Qt::LeftButton, {});
      QCoreApplication::sendEvent(target, &event);
      QVERIFY(event.isAccepted());
    };
    // As the system brings it: to the top-level window, which looks for who takes it below the pointer, moves on and drops.
    const auto bring = [&](const QPoint& at) {
      QWindow* top = window_->windowHandle();
      QDragEnterEvent enter(at, Qt::CopyAction, &mime, Qt::LeftButton, {});
      QCoreApplication::sendEvent(top, &enter);
      QVERIFY(enter.isAccepted());
      for (int i = 0; i < 3; ++i) {
        QDragMoveEvent move(at + QPoint(i, 0), Qt::CopyAction, &mime, Qt::LeftButton, {});
        QCoreApplication::sendEvent(top, &move);
        QVERIFY(move.isAccepted());
      }
      QDropEvent event(at, Qt::CopyAction, &mime, Qt::LeftButton, {});
      QCoreApplication::sendEvent(top, &event);
      QVERIFY(event.isAccepted());
    };
    bring(window_->stage().view()->mapTo(window_.get(), window_->stage().view()->rect().center()));
    QTRY_COMPARE(sheets.count(), 1);
    bring(window_->dock("shelf")->mapTo(window_.get(), QPoint(60, 200)));
    QTRY_COMPARE(sheets.count(), 2);
    sheets.clear();
    session_->closeSheet();
    drop(window_.get(), {300, 300});
    QTRY_COMPARE(sheets.count(), 1);
    QVERIFY(sheets[0][1].toStringList().first().endsWith(QString::fromUtf8("Bilder ü")));
    drop(glWindow(), {100, 100});  // on the picture itself
    QTRY_COMPARE(sheets.count(), 2);
  }

  void problemsSlideInAndNeverBlock() {
    QTemporaryDir folder;
    QFile file(folder.filePath("broken.safetensors"));
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write("12345678{}") > 0);
    file.close();
    session_->openPath(file.fileName());
    QTRY_VERIFY(window_->banner().isOpen());
    QVERIFY(window_->banner().text().contains("broken.safetensors"));
    QTRY_VERIFY(window_->banner().height() > 30);
    QVERIFY(QApplication::activeModalWidget() == nullptr);
    auto* details = window_->banner().findChild<QPlainTextEdit*>();
    QVERIFY(!details->isVisible());
    QTest::qWait(150);
    test::keepShot(*window_, "window-banner");
    window_->banner().dismiss();
    QTRY_VERIFY(!window_->banner().isVisible());
  }

  void sheetsLieOverTheStage() {
    window_.reset();
    std::vector<PanelSpec> list = panels();
    std::erase_if(list, [](const PanelSpec& spec) { return spec.id == "import"; });
    list.push_back({"import",
                    "Import",
                    "import",
                    {},
                    PanelArea::sheet,
                    [](Session&) {
                      auto* sheet = new QPlainTextEdit;
                      sheet->setPlainText("sheet");
                      sheet->setAccessibleName("Sheet");
                      return sheet;
                    },
                    420});
    window_ = std::make_unique<MainWindow>(*session_, *theme, list);
    window_->resize(1280, 800);
    window_->show();
    QVERIFY(QTest::qWaitForWindowExposed(window_.get()));
    QTest::qWait(150);
    session_->openSheet("import", {});
    QTRY_VERIFY(window_->sheets().isVisible());
    QTest::qWait(300);
    test::keepShot(*window_, "window-sheet");
    // Over the native stage, not under it: what the screen shows at the sheet's corner is the sheet's ground.
    const QPoint corner = window_->sheets().mapTo(window_.get(), QPoint(6, 6));
    const QColor seen = test::shotOf(*window_).pixelColor(corner * window_->devicePixelRatioF());
    QCOMPARE(seen.name(), darkColors().panel.name());
    QTest::keyClick(window_.get(), Qt::Key_Escape);
    QVERIFY(!window_->sheets().isOpen());
    QTRY_VERIFY(!window_->sheets().isVisible());
  }

  void jobsShowInTheStatusLine() {
    const JobId id = session_->submit(trainJob());
    JobChip* chip = window_->status().chip();
    QTRY_VERIFY(chip->shown() && chip->shown()->state == JobState::running);
    QVERIFY(chip->accessibleDescription().contains("stylegan2"));
    QTest::mouseClick(chip, Qt::LeftButton);
    auto* list = chip->findChild<JobList*>();
    QVERIFY(list && list->isVisible());
    QTest::qWait(200);
    window_->screen()
        ->grabWindow(0, window_->x(), window_->y(), window_->width(), window_->height())
        .save(QStringLiteral(ORRERY_SHOTS_DIR "/window-jobs.png"));
    for (auto* button : list->findChildren<QToolButton*>()) {
      if (button->isVisible() && button->toolTip() == "Stop and save") button->click();
    }
    QTRY_COMPARE(session_->jobs().at(id).state, JobState::done);
    list->hide();
  }

  void closingAsksWhileTraining() {
    const JobId id = session_->submit(trainJob());
    QTRY_COMPARE(session_->jobs().at(id).state, JobState::running);
    window_->close();
    QVERIFY(window_->isVisible());
    QVERIFY(window_->banner().isOpen());
    QTRY_VERIFY(window_->banner().height() > 30);
    for (auto* button : window_->banner().findChildren<QPushButton*>()) {
      if (button->property("role") == "primary") QTest::mouseClick(button, Qt::LeftButton);
    }
    QTRY_VERIFY(!window_->isVisible());
    QCOMPARE(session_->jobs().at(id).state, JobState::done);
  }

  void layoutsAreKeptPerWorkspace() {
    Dock* controls = window_->dock("controls");
    QVERIFY(controls->isVisible());
    controls->hide();
    window_->setWorkspace("compare");
    QVERIFY(controls->isVisible());
    window_->setWorkspace("play");
    QVERIFY(!controls->isVisible());
    window_->close();
    window_.reset();
    makeWindow();
    QVERIFY(!window_->dock("controls")->isVisible());
    window_->resetLayout();
    QVERIFY(window_->dock("controls")->isVisible());
  }

  void docksKeepTheirWidths() {
    const auto widths = [this] { return std::pair(window_->dock("shelf")->width(), window_->dock("controls")->width()); };
    QTest::qWait(50);
    const auto before = widths();
    // The run's panel needs much room in the middle; gone, it must not go on taking it from the docks.
    for (const char* there : {"train", "data", "compare"}) {
      window_->setWorkspace(there);
      QTest::qWait(50);
      window_->setWorkspace("play");
      QTest::qWait(50);
      QTRY_COMPARE(widths(), before);
    }
    // And no row of the controls is cut at the right.
    auto* controls = qobject_cast<ControlsPanel*>(window_->panel("controls"));
    window_->resizeDocks({window_->dock("controls")}, {80}, Qt::Horizontal);
    QTest::qWait(50);
    for (const auto& spec : session_->model()->controls) {
      ControlRow* row = controls->row(spec.id);
      if (!row->isVisible()) continue;
      QVERIFY2(row->mapTo(window_.get(), QPoint(row->width(), 0)).x() <= window_->width(), spec.id.c_str());
      QVERIFY2(row->width() >= row->minimumSizeHint().width(), spec.id.c_str());
    }
  }

  void explanationsLeadToTheirControls() {
    session_->noteAction();
    QPushButton* about = nullptr;
    for (auto* button : window_->panel("controls")->findChildren<QPushButton*>()) {
      if (button->text().startsWith("About ")) about = button;
    }
    QVERIFY(about);
    QTest::mouseClick(about, Qt::LeftButton);
    QTRY_COMPARE(window_->sheets().current(), QString("catalogue"));
    auto* link = window_->sheets().sheet("catalogue")->findChild<QPushButton*>("truncation.psi");
    QVERIFY(link);
    QTRY_VERIFY(link->isVisible());
    link->click();
    auto* controls = qobject_cast<ControlsPanel*>(window_->panel("controls"));
    QTRY_VERIFY(controls->row("truncation.psi")->isAncestorOf(window_->focusWidget()));
    QTRY_VERIFY(!window_->sheets().isOpen());
  }

  void leavesWhenAskedFromOutside() {
    const JobId id = session_->submit(trainJob());
    QTRY_COMPARE(session_->jobs().at(id).state, JobState::running);
    window_->leave();  // what SIGTERM calls
    QTRY_VERIFY(!window_->isVisible());
    QCOMPARE(session_->jobs().at(id).state, JobState::done);
    QVERIFY(!window_->banner().isOpen());
  }

  void theMenuUndoesByName() {
    session_->setControl("truncation.psi", 0.4);
    QVERIFY(window_->action("undo")->isEnabled());
    QVERIFY(window_->action("undo")->text().contains(QString::fromUtf8("ψ")));
    window_->action("undo")->trigger();
    QVERIFY(session_->isNeutral("truncation.psi"));
    QVERIFY(window_->action("redo")->isEnabled());
  }

  void everyVerbHasItsOwnKey() {
    QStringList keys;
    for (const Verb& verb : verbs()) {
      if (verb.shortcut.isEmpty()) continue;
      const QString key = verb.shortcut.toString();
      QVERIFY2(!keys.contains(key), qPrintable(key));
      keys << key;
    }
    QVERIFY(keys.size() > 25);
  }

  void everythingHasAName() {
    QStringList nameless;
    for (QWidget* widget : window_->findChildren<QWidget*>()) {
      if (widget->focusPolicy() == Qt::NoFocus || !widget->isVisible()) continue;
      if (widget->objectName().startsWith("qt_") || widget->inherits("QTabBar")) continue;
      const auto* button = qobject_cast<QAbstractButton*>(widget);
      if (widget->accessibleName().isEmpty() && !(button && !button->text().isEmpty()))
        nameless << QString("%1 in %2").arg(widget->metaObject()->className(), widget->parentWidget()->metaObject()->className());
    }
    QVERIFY2(nameless.isEmpty(), qPrintable(nameless.join(", ")));
  }

  void lightAndDarkAreReadable() {
    for (const Colors* colors : {&darkColors(), &lightColors()}) {
      for (const QColor& ground : {colors->window, colors->panel, colors->field}) {
        for (const QColor& text : {colors->text, colors->dim})
          QVERIFY2(contrast(text, ground) >= 4.5,
                   qPrintable(QString("%1 on %2: %3").arg(text.name(), ground.name()).arg(contrast(text, ground))));
      }
      for (const Kind kind : {Kind::generator, Kind::denoiser, Kind::autoencoder, Kind::token_model})
        QVERIFY(contrast(colors->kind(kind), colors->panel) >= 4.5);
      QVERIFY(contrast(colors->danger, colors->panel) >= 4.5);
    }
    window_->toggleTheme();
    QVERIFY(!colorsOf(window_->palette()).dark);
    QCOMPARE(QSettings().value("theme").toString(), QString("light"));
    window_->toggleTheme();
  }

  void dragWhileTrainingStaysSmooth() {
    session_->submit(trainJob());
    QTest::qWait(300);
    QWindow* gl = glWindow();
    QTest::mousePress(gl, Qt::LeftButton, {}, {100, 200});
    QElapsedTimer timer;
    timer.start();
    while (timer.elapsed() < 3000) {
      const double t = static_cast<double>(timer.elapsed()) * 1e-3;
      QTest::mouseMove(gl, {100 + static_cast<int>(200 * t), 200 + static_cast<int>(60 * std::sin(4 * t))});
      QTest::qWait(4);
    }
    FrameGaps& gaps = window_->stage().core().frameGaps();
    qInfo("frame gaps, whole window %dx%d, fake training: %d frames, median %.1f ms, p95 %.1f ms, worst %.1f ms; view latency %.1f ms",
          window_->width(), window_->height(), gaps.count() + 1, gaps.percentile(0.5), gaps.percentile(0.95), gaps.worst(),
          session_->latencyMs(0));
    QTest::mouseRelease(gl, Qt::LeftButton, {}, {700, 200});
    QVERIFY(gaps.count() > 30);
  }

  void screenshots() {
    window_.reset();
    QDir().mkpath(ORRERY_SHOTS_DIR);
    Shots::take({});
    QProcess child;
    auto environment = QProcessEnvironment::systemEnvironment();
    environment.insert("QT_SCALE_FACTOR", "2");
    child.setProcessEnvironment(environment);
    child.setProcessChannelMode(QProcess::ForwardedChannels);
    child.start(QCoreApplication::applicationFilePath(), {"-shots"});
    QVERIFY(child.waitForFinished(60000));
    QCOMPARE(child.exitCode(), 0);
    for (const char* name : {"window-play", "window-train", "window-data", "window-compare", "window-play@2x", "window-light"}) {
      const QImage shot(QStringLiteral(ORRERY_SHOTS_DIR "/%1.png").arg(QLatin1String(name)));
      QVERIFY2(shot.width() >= 1440, name);
    }
  }

 private:
  void makeWindow() {
    window_ = std::make_unique<MainWindow>(*session_, *theme);
    window_->resize(1280, 800);
    window_->show();
    QVERIFY(QTest::qWaitForWindowExposed(window_.get()));
    session_->start();
    QTRY_VERIFY(session_->frame(0));
  }
  QWindow* glWindow() {
    for (QWindow* window : QGuiApplication::allWindows()) {
      if (window->inherits("QOpenGLWindow") && window->property("orrery_container").value<QWidget*>() == window_->stage().view())
        return window;
    }
    return nullptr;
  }

  std::unique_ptr<Studio> studio_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<MainWindow> window_;
};

int main(int argc, char** argv) {
  orrery::test::ownSettings();
  QApplication application(argc, argv);
  installAccessibleFactories();
  theme = new Theme(application, &application);
  if (argc > 1 && QByteArray(argv[1]) == "-shots") {
    Shots::take({});
    return 0;
  }
  TestWindow test;
  return QTest::qExec(&test, argc, argv);
}
#include "test_window.moc"
