// The Space view in a window of its own, with real pointer and key events.
#include <QPainter>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>
#include <cmath>

#include "plane_stage.h"
#include "ui/project/attached.h"
#include "ui/session/session.h"
#include "ui/session/tape_book.h"
#include "ui/space/density_ramp.h"
#include "ui/space/plane_raster.h"
#include "ui/space/space_view.h"
#include "ui/stage/stage.h"
#include "ui/stage/surface.h"
#include "ui/style/theme.h"
#include "window_test.h"

using namespace orrery;
using namespace orrery::ui;

class TestSpaceView : public QObject, private test::PlaneStage {
  Q_OBJECT

 private Q_SLOTS:
  void initTestCase() { prepare(); }
  void init() { open({}); }
  void cleanup() { closeStage(); }

  void modelsOfPointsComeUpInThePlane() {
    QVERIFY(session_->stageMode() == StageMode::space);
    QVERIFY(space().isVisible());
    QVERIFY(!stage_->surface().widget()->isVisible());
    session_->showModel("starter:emoji");
    QTRY_VERIFY(session_->stageMode() == StageMode::pictures);
    QVERIFY(!space().isVisible());
    QVERIFY(stage_->surface().widget()->isVisible());
    session_->showModel("starter:moons");
    QTRY_VERIFY(session_->stageMode() == StageMode::space);
    // Pictures of it can be looked at too, and X goes back and forth.
    key(Qt::Key_X);
    QVERIFY(session_->stageMode() == StageMode::pictures);
    key(Qt::Key_X);
    QVERIFY(session_->stageMode() == StageMode::space);
  }

  void aClickStartsAParticle() {
    QVERIFY(space().feed().probes().empty());
    feed().setHead(6.0);
    const QPoint at(300, 220);
    QTest::mouseClick(&plane(), Qt::LeftButton, {}, at);
    QCOMPARE(feed().probes().size(), std::size_t{1});
    const Probe& probe = feed().probes().begin()->second;
    QVERIFY(std::abs(probe.level - fake::planeLevel(6, 18)) < 1e-6);
    QVERIFY(QLineF(plane().probeAt(probe.id), at).length() < 1.0);
    QTRY_VERIFY(feed().probes().begin()->second.life.size() > 15);
    // Its way is drawn: the probe's colour is somewhere off the place it was put.
    QTRY_VERIFY(countOf(probeColor(true), 40) > 60);
    // Without scrubbing it rides along.
    feed().setHead(10.0);
    QTRY_VERIFY(QLineF(plane().probeAt(probe.id), at).length() > 3.0);
  }

  void aDragMovesItLive() {
    feed().setHead(9.0);
    QTest::mousePress(&plane(), Qt::LeftButton, {}, {300, 220});
    const int id = feed().probes().begin()->first;
    const int asked = counters_->paths;
    for (int i = 1; i <= 20; ++i) {
      QTest::mouseMove(&plane(), {300 + 5 * i, 220 + 2 * i});
      QTest::qWait(5);
    }
    QVERIFY(QLineF(plane().probeAt(id), QPointF(400, 260)).length() < 1.5);
    QTRY_VERIFY(counters_->paths > asked + 2);
    QTest::mouseRelease(&plane(), Qt::LeftButton, {}, {400, 260});
    // The end of its way followed.
    const auto& life = feed().probes().at(id).life;
    QTRY_VERIFY(!life.empty());
    QTRY_VERIFY(std::abs(life.back().x - 0.5 * feed().probes().at(id).at.x()) < 1e-3);
    // A second press near it takes the same one.
    QTest::mousePress(&plane(), Qt::LeftButton, {}, {403, 258});
    QTest::mouseRelease(&plane(), Qt::LeftButton, {}, {403, 258});
    QCOMPARE(feed().probes().size(), std::size_t{1});
    QCOMPARE(plane().selected(), id);
  }

  void rightClickAndDeleteRemove() {
    QTest::mouseClick(&plane(), Qt::LeftButton, {}, {200, 200});
    QTest::mouseClick(&plane(), Qt::LeftButton, {}, {400, 300});
    QTest::mouseClick(&plane(), Qt::LeftButton, {}, {500, 150});
    QCOMPARE(feed().probes().size(), std::size_t{3});
    QTest::mouseClick(&plane(), Qt::RightButton, {}, {401, 301});
    QCOMPARE(feed().probes().size(), std::size_t{2});
    QTest::mouseClick(&plane(), Qt::RightButton, {}, {300, 100});  // nothing there
    QCOMPARE(feed().probes().size(), std::size_t{2});
    key(Qt::Key_Delete);  // the last one is selected
    QCOMPARE(feed().probes().size(), std::size_t{1});
    key(Qt::Key_Delete);
    QVERIFY(feed().probes().empty());
    key(Qt::Key_Delete);
  }

  void theKeyboardAloneDoes() {
    key(Qt::Key_Return);
    QCOMPARE(feed().probes().size(), std::size_t{1});
    const int id = feed().probes().begin()->first;
    const QPointF before = plane().probeAt(id);
    key(Qt::Key_Right);
    key(Qt::Key_Up);
    QVERIFY(std::abs(plane().probeAt(id).x() - before.x() - 8.0) < 0.01);
    QVERIFY(std::abs(plane().probeAt(id).y() - before.y() + 8.0) < 0.01);
    key(Qt::Key_Right, Qt::ShiftModifier);
    QVERIFY(std::abs(plane().probeAt(id).x() - before.x() - 9.0) < 0.01);
    key(Qt::Key_Escape);  // lets go, then they scrub
    QCOMPARE(plane().selected(), 0);
    key(Qt::Key_Home);
    QCOMPARE(feed().head(), 0.0);
    key(Qt::Key_Right);
    QCOMPARE(feed().head(), 1.0);
    key(Qt::Key_End);
    QCOMPARE(feed().head(), 18.0);
    key(Qt::Key_Escape);
    QVERIFY(feed().probes().empty());
  }

  void zoomHoldsThePlaceUnderThePointer() {
    const QPointF at(220, 180), before = plane().frame().toPlane(at);
    wheel(at, 240);
    QVERIFY(std::abs(plane().frame().half - PlaneFrame::kFitHalf / 1.44) < 1e-9);
    QVERIFY(QLineF(plane().frame().toPlane(at), before).length() < 1e-9);
    QTest::mousePress(&plane(), Qt::RightButton, {}, {300, 200});
    QTest::mouseMove(&plane(), {340, 190});
    QTest::mouseMove(&plane(), {360, 180});
    QTest::mouseRelease(&plane(), Qt::RightButton, {}, {360, 180});
    QVERIFY(QLineF(plane().frame().toPlane(at + QPointF(60, -20)), before).length() < 1e-9);
    key(Qt::Key_F);
    QCOMPARE(plane().frame().half, PlaneFrame::kFitHalf);
    QCOMPARE(plane().frame().middle, QPointF());
  }

  void layersShowAndHide() {
    feed().setHead(12.0);
    QTRY_VERIFY(feed().field());
    const QColor particle = particleColor(darkColors().denoiser, true);
    QVERIFY(countOf(particle, 30) > 400);
    click("Particles");
    QVERIFY(!plane().layers().particles);
    click("Trails");
    QTRY_VERIFY(countOf(particle, 30) < 40);
    click("Particles");
    // The density covers everything; without it the background shows.
    QTRY_VERIFY(countOf(planeBackground(true), 3) < 120000);
    click("Density");
    click("Data");
    QTRY_VERIFY(countOf(planeBackground(true), 3) > 200000);
    QVERIFY(!plane().layers().density);
    QTRY_VERIFY(!feed().field());  // nothing is asked for that nobody sees
    const int fields = counters_->fields;
    feed().setHead(11.0);
    QTest::qWait(60);
    QCOMPARE(counters_->fields.load(), fields);
    click("Score");
    QTRY_VERIFY(feed().field() && !feed().field()->score.empty());
    click("Motion");
    QVERIFY(!plane().layers().score);
    QVERIFY(plane().layers().motion);
    // The choice is kept.
    QCOMPARE(QSettings().value("space/motion").toBool(), true);
    QCOMPARE(QSettings().value("space/density").toBool(), false);
  }

  void theFieldFollowsTheHead() {
    for (const double step : {2.0, 9.0, 15.0}) {
      feed().setHead(step);
      QTRY_VERIFY(feed().field() && std::abs(feed().field()->level - fake::planeLevel(static_cast<std::int64_t>(step), 18)) < 1e-6);
    }
  }

  void scrubbingMovesEverything() {
    auto* line = space().findChild<SpaceHead*>();
    QVERIFY(line);
    QTest::mousePress(line, Qt::LeftButton, {}, line->placeOf(5.0).toPoint());
    QVERIFY(std::abs(feed().head() - 5.0) < 0.1);
    QTest::mouseMove(line, line->placeOf(12.5).toPoint());
    QVERIFY(std::abs(feed().head() - 12.5) < 0.1);
    QTest::mouseRelease(line, Qt::LeftButton, {}, line->placeOf(12.5).toPoint());
    // Everybody who scrubs sees it.
    auto& book = attached<TapeBook>(*session_);
    QVERIFY(book.head(0) && std::abs(*book.head(0) - 12.5) < 0.1);
    book.setHead(0, 3.0);
    QCOMPARE(feed().head(), 3.0);
    QTest::mouseClick(line, Qt::LeftButton, {}, QPoint(line->width() - 1, 10));
    QVERIFY(!book.head(0));
    const auto& particles = *feed().particles();
    // At the end drawn and true places are one.
    const QPointF drawn = particles.drawnAt(7, particles.last(), feed().spread(), true);
    QVERIFY(std::abs(drawn.x() - fake::planeTarget(7).x) < 0.01);
  }

  void playingRunsFromNoiseToDataAndAgain() {
    QVERIFY(!space().playing());
    key(Qt::Key_Space);
    QVERIFY(space().playing());
    QTRY_VERIFY(feed().head() > 0.5 && feed().head() < 17.0);
    const double first = feed().head();
    QTRY_VERIFY(feed().head() > first + 1.0);
    QTest::qWait(900);
    QVERIFY2(plane().frameGaps().count() > 20, qPrintable(QString::number(plane().frameGaps().count())));
    qInfo("drawing %.1f ms, gaps p50 %.1f p95 %.1f ms", plane().drawMs(), plane().frameGaps().percentile(0.5), plane().frameGaps().percentile(0.95));
    key(Qt::Key_Space);
    QVERIFY(!space().playing());
    const double stopped = feed().head();
    QTest::qWait(60);
    QCOMPARE(feed().head(), stopped);
    space().setLoop(false);
    feed().setHead(16.5);
    space().setPlaying(true);
    QTRY_VERIFY_WITH_TIMEOUT(!space().playing(), 6000);
    QCOMPARE(feed().head(), 18.0);
  }

  void anotherRequestBringsOtherParticles() {
    feed().setHead(9.0);
    QTest::mouseClick(&plane(), Qt::LeftButton, {}, {300, 220});
    QTRY_VERIFY(!feed().probes().begin()->second.life.empty());
    const TapeId before = feed().particles()->tape;
    const int asked = counters_->paths;
    session_->setControl("sampler.steps", std::int64_t{30});
    QTRY_VERIFY(feed().particles()->tape != before);
    QCOMPARE(feed().particles()->states.size(), std::size_t{31});
    QTRY_VERIFY(counters_->paths > asked);
    QTRY_COMPARE(feed().probes().begin()->second.life.size() > 25, true);
    QVERIFY(!space().playing());
  }

  void pictureModelsAreToldApart() {
    session_->showModel("starter:emoji");
    QTRY_VERIFY(session_->stageMode() == StageMode::pictures);
    key(Qt::Key_X);
    QVERIFY(session_->stageMode() == StageMode::space);
    QVERIFY(!feed().possible());
    QTest::mouseClick(&plane(), Qt::LeftButton, {}, {300, 220});  // nothing to start
    QVERIFY(feed().probes().empty());
    key(Qt::Key_Return);
    QVERIFY(feed().probes().empty());
    key(Qt::Key_Space);
    QVERIFY(!space().playing());
  }

  void aTwoThousandCloudIsDrawnInTime() {
    cleanup();
    open({.particles = 2000});
    QTRY_VERIFY(feed().field());
    click("Score");
    feed().setHead(10.0);
    QTRY_VERIFY(feed().field() && !feed().field()->score.empty());
    std::vector<double> times;
    for (int i = 0; i < 40; ++i) {
      feed().setHead(3.0 + 0.3 * i);
      plane().repaint();
      times.push_back(plane().drawMs());
    }
    std::sort(times.begin(), times.end());
    qInfo("2,000 particles, trails, %zu arrows, density at %dx%d: median %.1f ms", feed().field()->score.size() / 2, plane().width(), plane().height(), times[times.size() / 2]);
    test::keepShot(*stage_, "space_2000");
    QVERIFY2(times[times.size() / 2] < 60.0, "several times a frame even on a busy machine");
    click("Score");
  }

  // ---- the pieces ----

  void theRampIsEvenInLightness() {
    for (const bool dark : {true, false}) {
      const auto& ramp = densityRamp(dark);
      QCOMPARE(ramp.front(), planeBackground(dark).rgb());
      const double whole = okLabOf(QColor::fromRgb(ramp.back())).l - okLabOf(QColor::fromRgb(ramp.front())).l;
      QVERIFY(dark ? whole > 0.4 : whole < -0.2);
      for (int i = 16; i < kRampSteps; i += 16) {
        const double step = okLabOf(QColor::fromRgb(ramp[static_cast<std::size_t>(i)])).l - okLabOf(QColor::fromRgb(ramp[static_cast<std::size_t>(i - 16)])).l;
        QVERIFY2(std::abs(step - whole * 16.0 / 255.0) < 0.35 * std::abs(whole) * 16.0 / 255.0, qPrintable(QString("%1 at %2").arg(step).arg(i)));
      }
    }
    const QColor there(0x6c, 0xb8, 0xff), back = colorOf(okLabOf(there));
    QVERIFY(std::abs(there.red() - back.red()) <= 1 && std::abs(there.green() - back.green()) <= 1 && std::abs(there.blue() - back.blue()) <= 1);
  }

  void dotsAndLinesCoverWhatTheyShould() {
    QImage image(40, 40, QImage::Format_RGB32);
    image.fill(Qt::black);
    PlaneRaster raster(image);
    raster.dot({20.0, 20.0}, 5.0, qRgb(255, 255, 255), 1.0);
    double sum = 0.0;
    for (int y = 0; y < 40; ++y)
      for (int x = 0; x < 40; ++x) sum += qRed(image.pixel(x, y)) / 255.0;
    QVERIFY2(std::abs(sum - M_PI * 25.0) < 3.0, qPrintable(QString::number(sum)));
    for (const QPointF& to : {QPointF(35, 5), QPointF(5, 38), QPointF(20.5, 2.5), QPointF(2.5, 20.5)}) {
      image.fill(Qt::black);
      raster.line({20.5, 20.5}, to, qRgb(255, 255, 255), 1.0);
      sum = 0.0;
      for (int y = 0; y < 40; ++y)
        for (int x = 0; x < 40; ++x) sum += qRed(image.pixel(x, y)) / 255.0;
      const double length = std::max(std::abs(to.x() - 20.5), std::abs(to.y() - 20.5));
      QVERIFY2(std::abs(sum - length) < 1.2, qPrintable(QString("%1 for %2").arg(sum).arg(length)));
    }
    raster.dot({-100.0, 1e300}, 3.0, 0, 1.0);
    raster.line({-50, -50}, {90, 90}, qRgb(9, 9, 9), 1.0);
    raster.line({std::nan(""), 0}, {1, 1}, 0, 1.0);
  }

  void ticksAreRound() {
    QCOMPARE(axisTicks(-1.2, 1.2, 5), (std::vector<double>{-1.0, -0.5, 0.0, 0.5, 1.0}));
    QVERIFY(axisTicks(1.0, 1.0, 5).empty());
    QVERIFY(axisTicks(-240, 240, 5).size() >= 4);
  }

  void looksAsItShould() {
    session_->setControl("sampler.steps", std::int64_t{24});
    QTRY_COMPARE(feed().particles()->states.size(), std::size_t{25});
    feed().setHead(17.0);
    QTest::mouseClick(&plane(), Qt::LeftButton, {}, {300, 150});
    QTRY_VERIFY(!feed().probes().begin()->second.life.empty());
    QTest::qWait(100);
    test::keepShot(*stage_, "space_dark");
    theme_->setChoice(ThemeChoice::light);
    QTest::qWait(100);
    test::keepShot(*stage_, "space_light");
    theme_->setChoice(ThemeChoice::dark);
  }

 private:
  void open(const fake::PlaneOptions& options) {
    openStage(options, {860, 640});
    QTRY_VERIFY(feed().particles());
    QTRY_VERIFY(!feed().data().points.empty());
    QTest::qWait(30);
  }
  SpaceStage& space() { return stage_->space(); }
  SpacePlane& plane() { return space().plane(); }
  SpaceFeed& feed() { return space().feed(); }
  void click(const char* name) { clickButton(space(), name); }
  void wheel(const QPointF& at, int delta) {
    QWheelEvent event(at, plane().mapToGlobal(at), {}, {0, delta}, Qt::NoButton, {}, Qt::NoScrollPhase, false);
    QCoreApplication::sendEvent(&plane(), &event);
  }
  // Pixels of the plane that are about this colour.
  int countOf(const QColor& color, int within) {
    const QImage image = plane().grab().toImage().convertToFormat(QImage::Format_RGB32);
    int count = 0;
    for (int y = 0; y < image.height(); ++y) {
      const auto* line = reinterpret_cast<const QRgb*>(image.constScanLine(y));
      for (int x = 0; x < image.width(); ++x)
        count += std::abs(qRed(line[x]) - color.red()) <= within && std::abs(qGreen(line[x]) - color.green()) <= within && std::abs(qBlue(line[x]) - color.blue()) <= within;
    }
    return count;
  }
};

QTEST_MAIN(TestSpaceView)
#include "test_space_view.moc"
