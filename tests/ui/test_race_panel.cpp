// The race with real pointer and key events: two samplers and more, their distances, cancelling, what goes wrong.
#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QSpinBox>
#include <QTest>
#include <QToolButton>
#include <cmath>

#include "plane_stage.h"
#include "ui/session/session.h"
#include "ui/space/race_view.h"
#include "ui/space/space_view.h"
#include "ui/stage/stage.h"
#include "ui/stage/surface.h"
#include "ui/style/theme.h"
#include "window_test.h"

using namespace orrery;
using namespace orrery::ui;

class TestRacePanel : public QObject, private test::PlaneStage {
  Q_OBJECT

 private Q_SLOTS:
  void initTestCase() { prepare(); }
  void init() { open({}); }
  void cleanup() { closeStage(); }

  void suggestsSamplersOfEqualCost() {
    const auto entries = view().entries();
    QVERIFY(entries.size() >= 2 && entries.size() <= 4);
    QCOMPARE(entries[0].sampler, std::string("euler"));
    QCOMPARE(entries[0].steps, std::int64_t{18});
    QCOMPARE(entries[1].sampler, std::string("heun"));
    QCOMPARE(entries[1].steps, std::int64_t{9});
  }

  void racesTwoSamplersFromTheSameNoise() {
    view().setEntries({{"euler", 20}, {"heun", 10}});
    QSignalSpy finished(&race(), &Race::finished);
    QTest::mouseClick(run(), Qt::LeftButton, {}, run()->rect().center());
    QVERIFY(race().running());
    QCOMPARE(run()->text(), QString("Cancel"));
    QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, 8000);
    QVERIFY(!race().running());
    const auto& racers = race().racers();
    QCOMPARE(racers.size(), std::size_t{2});
    for (const Racer& racer : racers) {
      QVERIFY(racer.state == Racer::State::done);
      QVERIFY(racer.tape && racer.tape->plane());
      QVERIFY(racer.wall_ms >= 0.0);
    }
    QCOMPARE(racers[0].evaluations, std::int64_t{20});
    QCOMPARE(racers[1].evaluations, std::int64_t{19});
    QCOMPARE(race().reference().entry.steps, std::int64_t{200});
    QCOMPARE(race().reference().entry.sampler, std::string("heun"));
    // Same noise at the start, and at the end as far apart as the fake samplers are wrong: 1/20 and 1/100 (the reference 1/40000).
    QCOMPARE(racers[0].tape->points->states.front(), racers[1].tape->points->states.front());
    QVERIFY2(std::abs(racers[0].distance - (0.05 - 0.000025)) < 1e-3, qPrintable(QString::number(racers[0].distance)));
    QVERIFY2(std::abs(racers[1].distance - (0.01 - 0.000025)) < 1e-3, qPrintable(QString::number(racers[1].distance)));
    QCOMPARE(racers[0].distances.size(), std::size_t{21});
    QVERIFY(racers[0].distances.front().of_prediction < 0.0);  // nothing is predicted at the start
    QVERIFY(racers[0].distances.front().of_state < 1e-6);
    // What a person reads.
    const QString texts = allTexts();
    QVERIFY2(texts.contains("20 evaluation"), qPrintable(texts));
    QVERIFY(texts.contains("19 evaluation"));
    QVERIFY(texts.contains("0.0100 from the reference") || texts.contains("0.0099 from the reference"));
    QVERIFY(texts.contains("200 steps"));
    // Views of the race are closed, the session's own goes on.
    QCOMPARE(counters_->views.load(), 1);
    test::keepShot(*stage_, "race_plane");
  }

  void alignedByTheNoiseLevel() {
    view().setEntries({{"euler", 30}, {"heun", 6}});
    raceToTheEnd();
    auto* slider = view().findChild<RaceLevel*>();
    QVERIFY(slider);
    QTest::mousePress(slider, Qt::LeftButton, {}, {slider->width() / 2, slider->height() / 2});
    QVERIFY(std::abs(view().place() - 0.5) < 0.02);
    const double level = view().level();
    QVERIFY(level > 0.5 && level < 10.0);
    for (const Racer& racer : race().racers()) QVERIFY(std::abs(racer.tape->points->levelAt(racer.tape->stepAt(level)) - level) < 1e-6 * level);
    QVERIFY(allTexts().contains(QString::fromUtf8("σ")));
    QTest::mouseMove(slider, {slider->width() - 10, slider->height() / 2});
    QTest::mouseRelease(slider, Qt::LeftButton, {}, {slider->width() - 10, slider->height() / 2});
    QCOMPARE(view().place(), 1.0);
    QCOMPARE(view().level(), 0.0);
    key(Qt::Key_Left);
    QVERIFY(view().place() < 1.0);
    key(Qt::Key_Space);
    QVERIFY(view().playing());
    QTest::qWait(300);
    QVERIFY(view().frameGaps().count() > 3);
    key(Qt::Key_Space);
    QVERIFY(!view().playing());
  }

  void picturesRaceToo() {
    session_->showModel("starter:emoji");
    QTRY_VERIFY(session_->stageMode() == StageMode::race);
    view().setEntries({{"euler", 10}, {"heun", 10}, {"ddpm", 12}});
    raceToTheEnd();
    QVERIFY(!race().plane());
    const auto& racers = race().racers();
    QVERIFY(!racers[0].tape->plane());
    // 60 brightness steps times the fake error.
    QVERIFY2(std::abs(racers[0].distance - 6.0) < 0.7, qPrintable(QString::number(racers[0].distance)));
    QVERIFY2(std::abs(racers[1].distance - 0.6) < 0.5, qPrintable(QString::number(racers[1].distance)));
    QVERIFY2(std::abs(racers[2].distance - 12.0) < 0.9, qPrintable(QString::number(racers[2].distance)));
    QVERIFY(allTexts().contains("of 255"));
    view().setPlace(0.6);
    test::keepShot(*stage_, "race_pictures");
  }

  void cancelStopsAtOnce() {
    cleanup();
    open({.step_ms = 8});
    view().setEntries({{"euler", 900}, {"heun", 10}});
    const int before = counters_->steps;
    QTest::mouseClick(run(), Qt::LeftButton, {}, run()->rect().center());
    QTRY_VERIFY(race().racers().front().step > 3);
    QElapsedTimer clock;
    clock.start();
    QTest::mouseClick(run(), Qt::LeftButton, {}, run()->rect().center());
    QVERIFY2(clock.elapsed() < 100, qPrintable(QString::number(clock.elapsed())));
    QVERIFY(!race().running());
    QCOMPARE(run()->text(), QString("Race"));
    QTRY_COMPARE(counters_->views.load(), 1);
    const int then = counters_->steps;
    QVERIFY(then - before < 200);
    QTest::qWait(80);
    QVERIFY(counters_->steps - then <= 2);
    QVERIFY(race().racers().front().state == Racer::State::waiting);
    // And Escape does the same; a second Escape leaves.
    key(Qt::Key_Return);
    QVERIFY(race().running());
    key(Qt::Key_Escape);
    QVERIFY(!race().running());
    QVERIFY(session_->stageMode() == StageMode::race);
    key(Qt::Key_Escape);
    QVERIFY(session_->stageMode() == StageMode::space);
  }

  void leavingStopsTheRace() {
    cleanup();
    open({.step_ms = 8});
    view().setEntries({{"euler", 900}});
    view().run();
    QTRY_VERIFY(race().racers().front().step > 1);
    session_->setStageMode(StageMode::space);
    QVERIFY(!race().running());
    QTRY_COMPARE(counters_->views.load(), 1);
    session_->setStageMode(StageMode::race);
    view().run();
    session_->showModel("starter:emoji");
    QVERIFY(!race().running());
  }

  void aSamplerThatFailsIsSaidAndTheOthersGoOn() {
    view().setEntries({{"broken", 10}, {"heun", 10}});
    raceToTheEnd();
    QVERIFY(race().racers()[0].state == Racer::State::failed);
    QVERIFY(!race().racers()[0].error.isEmpty());
    QVERIFY(race().racers()[1].state == Racer::State::done);
    QVERIFY(race().racers()[1].distance >= 0.0);
  }

  void samplersAreChosenAndAddedByHand() {
    view().setEntries({{"euler", 18}, {"heun", 9}});
    auto boxes = view().findChildren<QComboBox*>();
    auto counts = view().findChildren<QSpinBox*>();
    QCOMPARE(boxes.size(), 2);
    QTest::keyClick(boxes[0], Qt::Key_Down);  // the next of heun, euler, ddpm, broken
    QCOMPARE(view().entries()[0].sampler, std::string("ddpm"));
    counts[1]->setFocus();
    counts[1]->selectAll();
    QTest::keyClicks(counts[1], "24");
    QTest::keyClick(counts[1], Qt::Key_Tab);
    QCOMPARE(view().entries()[1].steps, std::int64_t{24});
    click("One more sampler");
    QCOMPARE(view().entries().size(), std::size_t{3});
    QCOMPARE(view().entries()[2].sampler, std::string("euler"));  // one that is not there yet
    click("One more sampler");
    QCOMPARE(view().entries().size(), std::size_t{4});
    for (auto* button : view().findChildren<QToolButton*>()) {
      if (button->accessibleName() == "One more sampler") QVERIFY(!button->isEnabled());
    }
    click("Take it out");
    QTRY_COMPARE(view().entries().size(), std::size_t{3});
    QCOMPARE(view().entries()[0].sampler, std::string("heun"));
  }

  void changedControlsAreSaid() {
    view().setEntries({{"euler", 10}, {"heun", 5}});
    raceToTheEnd();
    QCOMPARE(run()->text(), QString("Race"));
    session_->setControl("seed", std::int64_t{5});
    QTRY_COMPARE(run()->text(), QString("Race again"));
    raceToTheEnd();
    QCOMPARE(run()->text(), QString("Race"));
    QCOMPARE(race().request().get<std::int64_t>("seed", 0), std::int64_t{5});
  }

  void modelsWithoutSamplersSayWhy() {
    session_->showModel("starter:plain");
    QTRY_VERIFY(!race().whyNot().isEmpty());
    QVERIFY(!run()->isVisible());
    key(Qt::Key_Return);
    QVERIFY(!race().running());
    session_->showModel("starter:moons");
    QTRY_VERIFY(run()->isVisible());
  }

 private:
  void open(const fake::PlaneOptions& options) {
    openStage(options, {860, 700});
    QTRY_VERIFY(session_->frame(0));
    key(Qt::Key_C);
    QVERIFY(session_->stageMode() == StageMode::race);
    QVERIFY(view().isVisible());
    QTRY_VERIFY(session_->frame(0)->step == session_->frame(0)->steps);
  }
  RaceView& view() { return stage_->race(); }
  Race& race() { return view().race(); }
  QPushButton* run() { return view().findChild<QPushButton*>("run"); }
  void raceToTheEnd() {
    QSignalSpy finished(&race(), &Race::finished);
    view().run();
    QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, 8000);
  }
  void click(const char* name) { clickButton(view(), name); }
  QString allTexts() {
    QStringList texts;
    for (auto* label : view().findChildren<QLabel*>()) texts << label->text();
    return texts.join('\n');
  }
};

QTEST_MAIN(TestRacePanel)
#include "test_race_panel.moc"
