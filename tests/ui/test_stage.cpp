#include <QClipboard>
#include <QMimeData>
#include <QSignalSpy>
#include <QTest>
#include <QWindow>
#include <QtEndian>
#include <cmath>

#include "fake_studio.h"
#include "ui/session/playback.h"
#include "ui/session/session.h"
#include "ui/stage/clipboard.h"
#include "ui/stage/spectrum.h"
#include "ui/stage/stage.h"
#include "ui/stage/surface.h"
#include "ui/style/theme.h"
#include "ui/widgets/scrub_track.h"
#include "window_test.h"

using namespace orrery;
using namespace orrery::ui;

namespace {

std::vector<double> padOf(Session& session) { return std::get<std::vector<double>>(session.value("latent.pad")); }

}  // namespace

class TestStage : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void initTestCase() { theme_ = new Theme(*qApp, qApp); }

  void init() {
    QSettings().clear();
    studio_ = fake::makeStudio({.frame_ms = 4});
    session_ = std::make_unique<Session>(*studio_);
    stage_ = std::make_unique<Stage>(*session_);
    stage_->resize(900, 640);
    stage_->show();
    QVERIFY(QTest::qWaitForWindowExposed(stage_.get()));
    session_->start();
    session_->noteAction();
    QTRY_VERIFY(session_->frame(0));
    QTest::qWait(50);
    stage_->activateWindow();
  }
  void cleanup() {
    stage_.reset();
    session_.reset();
    studio_.reset();
  }

  void usesOpenGl() { QVERIFY2(stage_->surface().isOpenGl(), qPrintable(stage_->surfaceDescription())); }

  void dragWalksAndRunsOut() {
    QWindow* window = glWindow();
    const auto before = padOf(*session_);
    QTest::mousePress(window, Qt::LeftButton, {}, {300, 200});
    for (int i = 1; i <= 20; ++i) {
      QTest::mouseMove(window, {300 + i * 6, 200 - i * 2});
      QTest::qWait(8);
    }
    const auto dragged = padOf(*session_);
    QVERIFY(dragged[0] > before[0] + 0.3);
    QVERIFY2(dragged[1] > before[1] + 0.1, "up is +y");
    QTest::mouseRelease(window, Qt::LeftButton, {}, {420, 160});
    QTRY_VERIFY(padOf(*session_)[0] > dragged[0] + 0.01);
    QTRY_VERIFY(!stage_->core().walk().moving());
    QCOMPARE(session_->undo().count(), 1);
    session_->undo().undo();
    QCOMPARE(padOf(*session_), before);
  }

  void shiftIsFine() {
    QWindow* window = glWindow();
    const auto moved = [&](Qt::KeyboardModifiers modifiers) {
      const auto before = padOf(*session_);
      QTest::mousePress(window, Qt::LeftButton, modifiers, {300, 200});
      for (int i = 1; i <= 10; ++i) {
        QMouseEvent move(QEvent::MouseMove, QPointF(300 + i * 8, 200), window->mapToGlobal(QPointF(300 + i * 8, 200)), Qt::NoButton,
                         Qt::LeftButton, modifiers);
        QCoreApplication::sendEvent(window, &move);
      }
      QTest::qWait(120);  // rests: no running out
      QTest::mouseRelease(window, Qt::LeftButton, modifiers, {380, 200});
      return padOf(*session_)[0] - before[0];
    };
    const double plain = moved({}), fine = moved(Qt::ShiftModifier), coarse = moved(Qt::ControlModifier);
    QVERIFY2(std::abs(fine * 10.0 - plain) < 0.02 * plain, qPrintable(QString("%1 %2").arg(plain).arg(fine)));
    QVERIFY(std::abs(coarse / 5.0 - plain) < 0.02 * plain);
  }

  void wheelZoomsAtTheCursor() {
    QWindow* window = glWindow();
    const double before = stage_->core().zoom();
    QWheelEvent wheel(QPointF(200, 150), window->mapToGlobal(QPointF(200, 150)), {}, {0, 240}, Qt::NoButton, {}, Qt::NoScrollPhase, false);
    QCoreApplication::sendEvent(window, &wheel);
    QVERIFY(std::abs(stage_->core().zoom() - before * 1.25 * 1.25) < 1e-9);
    key(Qt::Key_Z);
    QCOMPARE(stage_->core().zoom(), 1.0);
    key(Qt::Key_F);
    QCOMPARE(stage_->core().zoom(), before);
  }

  void keysDoWhatTheySay() {
    const auto start = padOf(*session_);
    key(Qt::Key_1, Qt::ShiftModifier);
    QVERIFY(session_->position(0));
    key(Qt::Key_R);
    QVERIFY(!(session_->request() == *session_->position(0)));
    key(Qt::Key_2, Qt::ControlModifier);
    key(Qt::Key_1);
    QTRY_COMPARE(padOf(*session_), start);
    key(Qt::Key_Space);
    QVERIFY(session_->playback().playing());
    key(Qt::Key_Space);
    QVERIFY(!session_->playback().playing());
    const bool hud = stage_->core().hud();
    key(Qt::Key_H);
    QCOMPARE(stage_->core().hud(), !hud);
    const auto here = padOf(*session_);
    key(Qt::Key_Right);
    QCOMPARE(padOf(*session_)[0], here[0] + 0.1);
  }

  void thePadOverlayIsDragged() {
    QWindow* window = glWindow();
    const OverlayModel overlay = stage_->core().overlay(stage_->palette());
    QVERIFY(overlay.pad);
    const QPoint from = overlay.pad->rect.center().toPoint() + QPoint(-20, 0);
    const auto before = padOf(*session_);
    QTest::mouseMove(window, from);
    QTest::qWait(40);
    QTest::mousePress(window, Qt::LeftButton, {}, from);
    for (int i = 1; i <= 7; ++i) {
      QTest::mouseMove(window, from + QPoint(i * 4, 0));
      QTest::qWait(30);
    }
    QTest::mouseRelease(window, Qt::LeftButton, {}, from + QPoint(28, 0));
    QTest::qWait(60);
    // 28 px of 112 px across 4 seeds: one seed, against the hand.
    const auto after = padOf(*session_);
    QVERIFY2(std::abs(after[0] - (before[0] - 1.0)) < 0.2, qPrintable(QString::number(after[0] - before[0])));
  }

  void viewsSplitAndTheClickedOneIsActive() {
    session_->setViewCount(4);
    QTest::qWait(30);
    QTest::mouseClick(glWindow(), Qt::LeftButton, {}, {glWindow()->width() * 3 / 4, glWindow()->height() * 3 / 4});
    QCOMPARE(session_->activeView(), 3);
    QTRY_VERIFY(session_->frame(3));
    test::keepShot(*stage_, "stage-four");
  }

  void wipeIsDraggedAndCompared() {
    session_->setStageMode(StageMode::wipe);
    session_->setActiveView(1);
    session_->showModel("starter:glyphs");
    QTRY_VERIFY(session_->frame(1) && session_->frame(1)->request.model == "starter:glyphs");
    QWindow* window = glWindow();
    const auto before = padOf(*session_);
    QTest::mousePress(window, Qt::LeftButton, {}, {window->width() / 2, 100});
    QTest::mouseMove(window, {window->width() / 4, 100});
    QTest::mouseRelease(window, Qt::LeftButton, {}, {window->width() / 4, 100});
    QCOMPARE(padOf(*session_), before);
    QTest::qWait(60);
    test::keepShot(*stage_, "stage-wipe");
    const render::Scene scene = stage_->core().scene(stage_->palette());
    QVERIFY(std::abs(scene.items[0].wipe - 0.25) < 0.01);
    key(Qt::Key_Escape);
    QCOMPARE(session_->stageMode(), StageMode::pictures);
  }

  void gridShowsNeighboursAndGoesThere() {
    key(Qt::Key_G);
    const QSize grid = stage_->core().gridSize();
    QTRY_COMPARE(static_cast<int>(stage_->core().scene(stage_->palette()).items.size()), grid.width() * grid.height());
    QTest::qWait(60);
    test::keepShot(*stage_, "stage-grid");
    const auto before = padOf(*session_);
    QTest::mouseClick(glWindow(), Qt::LeftButton, {}, {glWindow()->width() / 2 + 100, glWindow()->height() / 2});
    QCOMPARE(padOf(*session_)[0], before[0] + 1.0);
    QCOMPARE(padOf(*session_)[1], before[1]);
  }

  void copiedPictureCarriesItsRecipe() {
    session_->setControl("truncation.psi", 0.5);
    QTRY_COMPARE(session_->frame(0)->request, session_->request());
    stage_->copyPicture();
    const QMimeData* mime = QGuiApplication::clipboard()->mimeData();
    QVERIFY(mime->hasImage());
    QCOMPARE(qvariant_cast<QImage>(mime->imageData()).size(), QSize(64, 64));
    const Request copied = session_->request();
    session_->setControl("truncation.psi", 1.0);
    QVERIFY(stage_->paste(*mime));
    QCOMPARE(session_->request(), copied);
    // The recipe is readable by anybody: an uncompressed text chunk under the name that exported files use, in a PNG that still opens.
    const QByteArray png = mime->data("image/png");
    QVERIFY(png.contains("tEXtorrery_metadata"));
    QCOMPARE(QImage::fromData(png, "PNG").size(), QSize(64, 64));
    const QString recipe = QImage::fromData(png, "PNG").text("orrery_metadata");
    QVERIFY2(recipe.contains("\"what\":\"picture\"") && recipe.contains("\"truncation.psi\":0.5"), qPrintable(recipe));
  }

  void spectraShowFrequencies() {
    // Eight waves across 64 px: two points, eight steps left and right of the middle, and darkness elsewhere.
    QImage waves(64, 64, QImage::Format_RGBA8888);
    for (int y = 0; y < 64; ++y) {
      for (int x = 0; x < 64; ++x) {
        const int value = static_cast<int>(std::lround(128.0 + 100.0 * std::cos(2.0 * M_PI * 8.0 * x / 64.0)));
        waves.setPixelColor(x, y, QColor(value, value, value));
      }
    }
    const QImage spectrum = spectrumOf(waves);
    QCOMPARE(spectrum.size(), QSize(64, 64));
    const auto level = [&](int x, int y) { return spectrum.pixelColor(x, y).lightness(); };
    QVERIFY(level(32 + 8, 32) > 200 && level(32 - 8, 32) > 200);
    QVERIFY(level(32, 32) < 60 && level(50, 10) < 30 && level(32, 32 + 8) < 60);
    QCOMPARE(spectrumOf(QImage(50, 20, QImage::Format_RGB32)).size(), QSize(64, 32));
    QVERIFY(spectrumOf(QImage()).isNull());

    key(Qt::Key_P);
    QVERIFY(session_->stageMode() == StageMode::spectrum);
    QSignalSpy redraw(&stage_->core(), &StageCore::redrawNeeded);
    const auto bright = [this] {
      const QImage now = stage_->grabStage();
      return now.pixelColor(now.width() / 2, now.height() / 2).lightness() - now.pixelColor(now.width() / 2, now.height() / 2 - now.height() / 3).lightness();
    };
    QTRY_VERIFY(bright() > 10);  // pictures are mostly smooth: their middle shines
    test::keepShot(*stage_, "stage-spectrum");
    key(Qt::Key_Escape);
    QVERIFY(session_->stageMode() == StageMode::pictures);
  }

  void snapshotsAreATimeSlider() {
    auto* slider = stage_->findChild<ScrubTrack*>();
    QVERIFY(slider);
    const ModelInfo* many = nullptr;
    for (const auto& model : session_->models()) {
      if (model.snapshots.size() > 3) many = &model;
    }
    QVERIFY(many);
    const auto count = static_cast<int>(many->snapshots.size());
    session_->showModel(many->id);
    QTRY_VERIFY(slider->isVisible());
    QCOMPARE(slider->value(), count);  // the newest
    const auto place = padOf(*session_);
    slider->setFocus();
    QTest::keyClick(slider, Qt::Key_Home);
    QCOMPARE(session_->request().get<std::int64_t>("snapshot", -2), std::int64_t{0});
    QCOMPARE(padOf(*session_), place);
    QTest::keyClick(slider, Qt::Key_Right);
    QCOMPARE(session_->request().get<std::int64_t>("snapshot", -2), std::int64_t{1});
    QTest::keyClick(slider, Qt::Key_End);
    QVERIFY(session_->isNeutral("snapshot"));
    session_->undo().undo();
    QCOMPARE(session_->request().get<std::int64_t>("snapshot", -2), std::int64_t{1});
    QCOMPARE(slider->value(), 1);
  }

  void lensShowsPixels() {
    key(Qt::Key_L);
    QTest::mouseMove(glWindow(), {400, 250});
    QTest::qWait(80);
    const OverlayModel overlay = stage_->core().overlay(stage_->palette());
    QVERIFY(overlay.lens);
    QVERIFY(overlay.lens->text.contains('#'));
    test::keepShot(*stage_, "stage-lens");
  }

  void draggingStaysSmooth() {
    QWindow* window = glWindow();
    QTest::mousePress(window, Qt::LeftButton, {}, {200, 200});
    QElapsedTimer timer;
    timer.start();
    while (timer.elapsed() < 2000) {
      const double t = static_cast<double>(timer.elapsed()) * 1e-3;
      QTest::mouseMove(window, {200 + static_cast<int>(150 * t), 200 + static_cast<int>(60 * std::sin(4 * t))});
      QTest::qWait(4);
    }
    FrameGaps& gaps = stage_->core().frameGaps();
    qInfo("frame gaps while dragging (%s): %d frames, median %.1f ms, p95 %.1f ms, worst %.1f ms", qPrintable(stage_->surfaceDescription()),
          gaps.count() + 1, gaps.percentile(0.5), gaps.percentile(0.95), gaps.worst());
    QTest::mouseRelease(window, Qt::LeftButton, {}, {500, 200});
    QVERIFY(gaps.count() > 20);
  }

  void softwareViewerWorksToo() {
    qputenv("ORRERY_SOFTWARE_VIEWER", "1");
    Stage stage(*session_);
    qunsetenv("ORRERY_SOFTWARE_VIEWER");
    QVERIFY(!stage.surface().isOpenGl());
    stage.resize(700, 500);
    stage.show();
    QVERIFY(QTest::qWaitForWindowExposed(&stage));
    session_->setControl("truncation.psi", 0.6);
    QTest::qWait(80);
    const auto before = padOf(*session_);
    QTest::mousePress(stage.view(), Qt::LeftButton, {}, {200, 200});
    for (int i = 1; i <= 10; ++i) {
      QTest::mouseMove(stage.view(), {200 + i * 10, 200});
      QTest::qWait(5);
    }
    QTest::mouseRelease(stage.view(), Qt::LeftButton, {}, {300, 200});
    QVERIFY(padOf(*session_)[0] > before[0] + 0.3);
    test::keepShot(stage, "stage-software");
    // The picture itself, not only the background.
    QVERIFY(stage.grabStage().pixelColor(350, 230) != QColor("#101216"));
  }

 private:
  QWindow* glWindow() {
    for (QWindow* window : QGuiApplication::allWindows()) {
      if (window->inherits("QOpenGLWindow") && window->property("orrery_container").value<QWidget*>() == stage_->view()) return window;
    }
    return nullptr;
  }
  void key(Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
    QKeyEvent press(QEvent::KeyPress, key, modifiers);
    stage_->handleKey(press);
  }

  Theme* theme_ = nullptr;
  std::unique_ptr<Studio> studio_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Stage> stage_;
};

int main(int argc, char** argv) {
  orrery::test::ownSettings();
  QApplication application(argc, argv);
  TestStage test;
  return QTest::qExec(&test, argc, argv);
}
#include "test_stage.moc"
