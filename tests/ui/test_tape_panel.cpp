#include <QAbstractItemView>
#include <QElapsedTimer>
#include <QFileDialog>
#include <QLineEdit>
#include <QMenu>
#include <QScrollBar>
#include <QSettings>
#include <QSignalSpy>
#include <QStackedLayout>
#include <QWheelEvent>

#include "fake_tapes.h"
#include "panel_bench.h"
#include "ui/project/project_file.h"
#include "ui/session/playback.h"
#include "ui/tape/film_strip.h"
#include "ui/tape/step_facts.h"
#include "ui/tape/tape_panel.h"
#include "ui/tape/tape_tree.h"
#include "ui/widgets/scrub_track.h"

using namespace orrery;
using namespace orrery::ui;

class TestTapePanel : public QObject {
  Q_OBJECT

  struct Place : Bench {
    explicit Place(int steps = 12, int step_ms = 0, bool wait = true) : Bench({.job_speed = 20.0, .denoiser_steps = steps, .step_ms = step_ms}), panel(*new TapePanel(*session)) {
      session->showModel("starter:denoiser");
      show(&panel, {620, 230});
      // By hand: a QTRY in a constructor could not leave it.
      for (int i = 0; wait && i < 500 && !whole(); ++i) QTest::qWait(10);
    }
    ~Place() { delete &panel; }
    bool whole() const { return desk().tape() && desk().tape()->complete && session->frame(0) && session->frame(0)->tape == desk().tape()->id; }
    TapeDesk& desk() const { return panel.desk(); }
    FilmStrip& strip() const { return panel.strip(); }
    QWidget* film() const { return panel.strip().viewport(); }
    QPoint cell(int step, int row = 0) const { return panel.strip().cellRect(step, row).center(); }
    QToolButton* tool(const QString& name) const {
      for (auto* one : panel.findChildren<QToolButton*>()) {
        if (one->accessibleName().startsWith(name)) return one;
      }
      return nullptr;
    }
    // A branch at that step, as a person makes it.
    void branchAt(int step) {
      desk().scrub(step);
      QTest::mouseClick(panel.findChild<QPushButton*>("branch_here"), Qt::LeftButton);
    }
    TapePanel& panel;
  };

 private Q_SLOTS:
  void initTestCase() { useLook(); }
  void init() { QSettings().clear(); }

  void everyStepIsThere() {
    Place place;
    QVERIFY(place.whole());
    QCOMPARE(place.desk().steps(), 12);
    QCOMPARE(place.panel.track().maximum(), 12);
    QVERIFY(place.panel.facts().text().contains("12 of 12"));
    const TapeId id = place.desk().tape()->id;
    // What is in sight is fetched, for both rows.
    QTRY_VERIFY(!place.desk().pictures().thumbnail({id, 12, TapeRow::state}).isNull());
    QTRY_VERIFY(!place.desk().pictures().thumbnail({id, 12, TapeRow::prediction}).isNull());
  }

  void draggingScrubs() {
    Place place;
    place.strip().horizontalScrollBar()->setValue(0);
    QSignalSpy shown(&place.desk(), &TapeDesk::stepShown);
    QTest::mousePress(place.film(), Qt::LeftButton, {}, place.cell(2));
    QCOMPARE(place.desk().step(), 2);
    QCOMPARE(place.desk().row(), TapeRow::state);
    QVERIFY(place.desk().scrubbing());
    QTest::mouseMove(place.film(), place.cell(3));
    QTest::mouseMove(place.film(), place.cell(4));
    QCOMPARE(place.desk().step(), 4);
    QTRY_VERIFY(!shown.isEmpty() && shown.last()[0].toInt() == 0);
    QVERIFY(place.desk().stepImage(0));
    // What is on the stage is the step, not the finished picture.
    QTRY_VERIFY(std::memcmp(place.desk().stepImage(0)->data, fake::drawStep(place.session->request(), 64, 4, fake::fakeLevel(4, 12), TapeRow::state).data, 64 * 64 * 4) == 0);
    QTest::mouseRelease(place.film(), Qt::LeftButton, {}, place.cell(4));
    QCOMPARE(place.desk().step(), 4);  // it stays
    QVERIFY(place.desk().note(0).startsWith("Step 4 of 12"));
    // The row under the pointer is what the stage shows.
    QTest::mouseClick(place.film(), Qt::LeftButton, {}, place.cell(3, 1));
    QCOMPARE(place.desk().row(), TapeRow::prediction);
    QVERIFY(place.desk().note(0).contains("predicted"));
  }

  void theTrackScrubsTheWholeTape() {
    Place place;
    auto& track = place.panel.track();
    QTest::mousePress(&track, Qt::LeftButton, {}, QPoint(static_cast<int>(track.xOf(6)), 15));
    QCOMPARE(place.desk().step(), 6);
    QTest::mouseMove(&track, QPoint(static_cast<int>(track.xOf(1)), 15));
    QCOMPARE(place.desk().step(), 1);
    QTest::mouseRelease(&track, Qt::LeftButton, {}, QPoint(static_cast<int>(track.xOf(1)), 15));
    QTest::keyClick(&track, Qt::Key_Right);
    QCOMPARE(place.desk().step(), 2);
    // The right end of a finished tape is the live picture.
    QTest::keyClick(&track, Qt::Key_End);
    QVERIFY(!place.desk().scrubbing());
  }

  void keysAndWheel() {
    Place place;
    place.strip().setFocus();
    QTest::keyClick(&place.strip(), Qt::Key_Home);
    QCOMPARE(place.desk().step(), 0);
    QTest::keyClick(&place.strip(), Qt::Key_Right);
    QTest::keyClick(&place.strip(), Qt::Key_Right);
    QCOMPARE(place.desk().step(), 2);
    QTest::keyClick(&place.strip(), Qt::Key_Right, Qt::ShiftModifier);
    QVERIFY(!place.desk().scrubbing());  // 12: the end
    QTest::keyClick(&place.strip(), Qt::Key_Left);
    QCOMPARE(place.desk().step(), 11);
    QTest::keyClick(&place.strip(), Qt::Key_Up);
    QCOMPARE(place.desk().row(), TapeRow::state);
    QTest::keyClick(&place.strip(), Qt::Key_Down);
    QCOMPARE(place.desk().row(), TapeRow::prediction);
    const auto turn = [&](int angle) {
      QWheelEvent wheel(place.cell(5), place.film()->mapToGlobal(place.cell(5)), {}, {0, angle}, Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase, false);
      QCoreApplication::sendEvent(place.film(), &wheel);
    };
    turn(120);
    QCOMPARE(place.desk().step(), 10);
    turn(-120);
    QCOMPARE(place.desk().step(), 11);
    QTest::keyClick(&place.strip(), Qt::Key_Escape);
    QVERIFY(!place.desk().scrubbing());
  }

  // One tunes what one looks at: the same step of the new picture.
  void movingAControlStaysAtTheStep() {
    Place place;
    const TapeId before = place.desk().tape()->id;
    place.desk().scrub(3);
    QTRY_VERIFY(place.desk().stepImage(0));
    QSignalSpy back(&place.desk(), &TapeDesk::wentLive);
    int shown = 0;
    connect(&place.desk(), &TapeDesk::stepShown, &place.desk(), [&] { ++shown; });
    place.session->setControl("truncation.psi", 0.4);
    QVERIFY(place.desk().scrubbing());
    QVERIFY(place.desk().stepImage(0));  // the old step until the new one is there
    QTRY_VERIFY(place.whole() && place.desk().tape()->id != before);
    QVERIFY(place.desk().tape()->request == place.session->request());
    QTRY_VERIFY(shown > 0);
    QCOMPARE(place.desk().step(), 3);
    QCOMPARE(back.count(), 0);  // no finished picture flashes up in between
    // In a branch, what comes before it does not change: the finished picture is what to look at.
    place.branchAt(5);
    QTRY_VERIFY(place.whole());
    place.desk().scrub(4);
    place.session->setControl("truncation.psi", 0.2);
    QVERIFY(!place.desk().scrubbing());
    QTRY_VERIFY(place.whole() && place.desk().tape()->request == place.session->request());
    place.desk().scrub(8);
    place.session->setControl("truncation.psi", 0.1);
    QVERIFY(place.desk().scrubbing());
  }

  void rowsAreChosen() {
    Place place;
    QVERIFY(place.panel.rowButton(TapeRow::state)->isChecked());
    QTest::mouseClick(place.panel.rowButton(TapeRow::noise), Qt::LeftButton);
    QCOMPARE(place.strip().rows().size(), 3u);
    QCOMPARE(place.desk().row(), TapeRow::noise);
    for (const TapeRow row : {TapeRow::state, TapeRow::prediction}) QTest::mouseClick(place.panel.rowButton(row), Qt::LeftButton);
    QCOMPARE(place.strip().rows(), std::vector<TapeRow>{TapeRow::noise});
    QTest::mouseClick(place.panel.rowButton(TapeRow::noise), Qt::LeftButton);  // the last one stays
    QCOMPARE(place.strip().rows(), std::vector<TapeRow>{TapeRow::noise});
    QVERIFY(place.panel.rowButton(TapeRow::noise)->isChecked());
    QCOMPARE(QSettings().value("tape/rows").toStringList(), QStringList{"noise"});
  }

  void playingGoesThroughTheSteps() {
    Place place;
    QSignalSpy moved(&place.desk(), &TapeDesk::headMoved);
    QTest::mouseClick(place.tool("Play"), Qt::LeftButton);
    QVERIFY(place.desk().playing());
    QTRY_VERIFY(place.desk().step() > 2 && place.desk().scrubbing());
    QTest::mouseClick(place.tool("Pause"), Qt::LeftButton);
    QVERIFY(!place.desk().playing());
    QVERIFY(place.desk().scrubbing());
    QVERIFY(moved.count() > 5);
    // Without the loop it ends at the finished picture, with it it begins again.
    QTest::mouseClick(place.tool("Play"), Qt::LeftButton);
    QTRY_VERIFY(!place.desk().playing());
    QVERIFY(!place.desk().scrubbing());
    QTest::mouseClick(place.tool("Loop"), Qt::LeftButton);
    place.desk().scrub(11);
    place.desk().play();
    QTRY_VERIFY(place.desk().step() < 4);
    QVERIFY(place.desk().playing());
    place.session->setControl("truncation.psi", 0.7);
    QVERIFY(!place.desk().playing());
  }

  void aBranchChangesWhatComesAfter() {
    Place place;
    const TapeId trunk = place.desk().tape()->id;
    const int history = place.session->undo().index();
    QVERIFY(!place.panel.findChild<QPushButton*>("branch_here")->isEnabled());  // nothing comes after the end
    place.branchAt(5);
    QCOMPARE(place.session->request().branches.size(), 1u);
    QCOMPARE(place.session->request().branches[0].step, std::int64_t{5});
    QVERIFY(!place.desk().scrubbing());
    QTRY_VERIFY(place.whole() && place.desk().tape()->id != trunk);
    QCOMPARE(place.desk().tape()->parent, trunk);
    // Controls go into the branch; the beginning stays.
    place.session->setControl("truncation.psi", 0.3);
    place.session->endGesture();
    QCOMPARE(place.session->request().values.count("truncation.psi"), 0u);
    QCOMPARE(std::get<double>(place.session->request().branches[0].values.at("truncation.psi")), 0.3);
    QCOMPARE(std::get<double>(place.session->value("truncation.psi")), 0.3);
    QVERIFY(!place.session->isNeutral("truncation.psi"));
    // The place in latent space is the start's, so it is still the whole tape's.
    place.session->setControl("latent.pad", std::vector<double>{1.0, 0.0});
    place.session->endGesture();
    QCOMPARE(place.session->request().values.count("latent.pad"), 1u);
    place.session->undo().undo();
    QTRY_VERIFY(place.whole());
    // Back to neutral is back to an empty branch.
    place.session->setControl("truncation.psi", 1.0);
    place.session->endGesture();
    QVERIFY(place.session->request().branches[0].values.empty());
    while (place.session->undo().index() > history + 1) place.session->undo().undo();
    place.session->undo().undo();
    QVERIFY(place.session->request().branches.empty());
    QTRY_COMPARE(place.desk().tape()->id, trunk);
    place.session->undo().redo();
    QCOMPARE(place.session->request().branches.size(), 1u);
    QTRY_VERIFY(place.whole() && place.desk().tape()->parent == trunk);
  }

  void branchesAreAListWithNames() {
    Place place;
    const TapeId trunk = place.desk().tape()->id;
    auto& tree = place.panel.tree();
    QVERIFY(!tree.isVisible());
    place.branchAt(4);
    QTRY_VERIFY(tree.isVisible() && place.whole() && place.desk().tape()->id != trunk);
    const TapeId branch = place.desk().tape()->id;
    QTRY_VERIFY(tree.itemOf(branch) && tree.itemOf(branch)->parent() == tree.itemOf(trunk));
    QCOMPARE(tree.current(), branch);
    // F2, a name, Return.
    tree.setFocus();
    QTest::keyClick(&tree, Qt::Key_F2);
    auto* editor = tree.viewport()->findChild<QLineEdit*>();
    QVERIFY(editor);
    editor->selectAll();
    QTest::keyClicks(editor, "bolder");
    QTest::keyClick(editor, Qt::Key_Return);
    QTRY_COMPARE(place.desk().tape()->name, std::string("bolder"));
    QVERIFY(place.desk().tape()->kept);
    // Choosing the trunk shows it, as a step that can be undone; the branch stays in the list.
    QTest::mouseClick(tree.viewport(), Qt::LeftButton, {}, tree.visualItemRect(tree.itemOf(trunk)).center());
    QTRY_COMPARE(place.desk().tape()->id, trunk);
    QVERIFY(place.session->request().branches.empty());
    QVERIFY(tree.itemOf(branch));
    QVERIFY(!place.desk().whyNotClose(trunk).isEmpty());
    place.session->undo().undo();
    QTRY_COMPARE(place.desk().tape()->id, branch);
    // Delete closes the branch in view, and its parent is shown.
    tree.setFocus();
    QTest::keyClick(&tree, Qt::Key_Delete);
    QTRY_COMPARE(place.desk().tape()->id, trunk);
    QTRY_VERIFY(!tree.itemOf(branch));
  }

  void aBranchGoesIntoTheProject() {
    Place place;
    place.branchAt(5);
    place.session->setControl("truncation.psi", 0.25);
    Project project;
    project.session = place.session->state();
    const auto back = projectFromJson(projectToJson(project));
    QVERIFY(back);
    QVERIFY(back.value().session.views[0] == place.session->request());
    Bench other({.job_speed = 20.0, .denoiser_steps = 12});
    other.session->setState(back.value().session);
    QCOMPARE(std::get<double>(other.session->value("truncation.psi")), 0.25);
    QTRY_VERIFY(other.session->frame(0) && other.session->frame(0)->request == place.session->request());
  }

  void stepsGrowWhileItIsPainted() {
    Place place(40, 15, false);
    QTRY_VERIFY(place.desk().tape() && place.desk().recorded() > 3);
    QVERIFY(!place.desk().tape()->complete);
    QTRY_COMPARE(place.desk().steps(), 40);
    // A step that is there can be looked at while the rest is painted; the head stays.
    place.desk().scrub(2);
    QTRY_VERIFY(place.desk().stepImage(0));
    const int pictures = place.counters->pictures;
    QTRY_VERIFY(place.desk().tape()->complete);
    QVERIFY(place.counters->pictures >= pictures);
    QCOMPARE(place.desk().step(), 2);
  }

  void anOldRequestIsGivenUpForANewOne() {
    Place place(200, 10, false);
    QTRY_VERIFY(place.desk().tape() && place.desk().recorded() > 3);
    QElapsedTimer clock;
    clock.start();
    place.session->setControl("truncation.psi", 0.2);
    QTRY_VERIFY(place.session->frame(0) && place.session->frame(0)->request == place.session->request());
    QVERIFY2(clock.elapsed() < 500, "it waited for the old picture");  // two seconds to its end
    QTRY_VERIFY(place.desk().tape()->request == place.session->request());
  }

  void aClosedTapeComesBackByUndo() {
    Place place;
    const TapeId trunk = place.desk().tape()->id;
    place.branchAt(5);
    place.session->setControl("truncation.psi", 0.3);
    QTRY_VERIFY(place.whole() && place.desk().tape()->parent == trunk);
    const TapeId branch = place.desk().tape()->id;
    place.desk().close(branch);
    QTRY_VERIFY(place.desk().tape()->id == trunk);
    const auto listed = [&](TapeId id) {
      const auto list = place.desk().tapesOfModel();
      return std::any_of(list.begin(), list.end(), [id](const TapeInfo* one) { return one->id == id; });
    };
    QVERIFY(!listed(branch));
    QVERIFY(place.desk().book().find(branch));  // not gone yet
    place.session->undo().undo();
    QTRY_VERIFY(place.desk().tape()->id == branch);
    QVERIFY(listed(branch));
    place.session->undo().redo();
    QVERIFY(!listed(branch));
    // Nobody can bring it back once the history is gone.
    place.session->undo().clear();
    QTRY_VERIFY(!place.desk().book().find(branch));
  }

  void savedAndOpened() {
    Place place;
    const QString file = place.home.filePath("moons");
    QSignalSpy saved(&place.desk(), &TapeDesk::saved);
    place.desk().save(place.desk().tape()->id, file);
    QTRY_COMPARE(saved.count(), 1);
    QVERIFY(QFile::exists(file + ".otape"));
    place.session->setControl("truncation.psi", 0.5);
    QTRY_VERIFY(place.whole());
    place.session->openPath(file + ".otape");
    QTRY_VERIFY(place.session->isNeutral("truncation.psi"));
    QTRY_COMPARE(place.desk().tape()->name, std::string("opened"));
    // A file that is none: one sentence, and nothing changes.
    QFile broken(place.home.filePath("broken.otape"));
    QVERIFY(broken.open(QIODevice::WriteOnly));
    broken.write("no tape");
    broken.close();
    const Request before = place.session->request();
    QSignalSpy problems(place.session.get(), &Session::problem);
    place.session->openPath(broken.fileName());
    QTRY_COMPARE(problems.count(), 1);
    QVERIFY(place.session->request() == before);
  }

  void modelsThatPaintInOneStepHaveNone() {
    Place place;
    auto* pages = place.panel.findChild<QStackedLayout*>();
    QCOMPARE(pages->currentIndex(), 0);
    place.session->showModel("starter:emoji");
    QTRY_COMPARE(pages->currentIndex(), 1);
    QVERIFY(!place.desk().tape());
    QVERIFY(!place.desk().iterates(0));
    place.desk().scrub(3);  // nothing to scrub
    QVERIFY(!place.desk().scrubbing());
  }

  void aThousandSteps() {
    Place place(1000);
    QVERIFY(place.whole());
    QTest::qWait(100);
    QTest::mousePress(place.film(), Qt::LeftButton, {}, place.cell(995));
    QTest::mouseRelease(place.film(), Qt::LeftButton, {}, place.cell(995));
    auto& track = place.panel.track();
    // Each move is one event of a hand; after it the strip is painted at once.
    std::vector<double> spent_ms;
    QTest::mousePress(&track, Qt::LeftButton, {}, QPoint(8, 15));
    for (int i = 0; i <= 200; ++i) {
      QElapsedTimer clock;
      clock.start();
      QTest::mouseMove(&track, QPoint(8 + (track.width() - 20) * i / 200, 15));
      place.film()->repaint();
      spent_ms.push_back(static_cast<double>(clock.nsecsElapsed()) * 1e-6);
      QCoreApplication::processEvents();
    }
    QTest::mouseRelease(&track, Qt::LeftButton, {}, QPoint(track.width() - 20, 15));
    std::sort(spent_ms.begin(), spent_ms.end());
    qInfo("a move of the head over 1000 steps: p50 %.2f p95 %.2f max %.2f ms", spent_ms[100], spent_ms[190], spent_ms.back());
    QVERIFY2(spent_ms[190] < 33.0, qPrintable(QString::number(spent_ms[190])));
    QVERIFY(place.desk().pictures().cachedBytes() <= StepPictures::kCacheBytes);
  }

  void everythingHasANameAndATip() {
    Place place;
    for (QWidget* widget : place.panel.findChildren<QWidget*>()) {
      if (widget->focusPolicy() == Qt::NoFocus || !widget->isVisible() || widget->objectName().startsWith("qt_")) continue;
      auto* button = qobject_cast<QAbstractButton*>(widget);
      QVERIFY2(!widget->accessibleName().isEmpty() || (button && !button->text().isEmpty()), widget->metaObject()->className());
      if (button) QVERIFY2(!button->toolTip().isEmpty(), qPrintable(button->accessibleName()));
    }
  }

  void shots() {
    Place place(18);
    place.branchAt(7);
    place.session->setControl("truncation.psi", -0.4);
    QTRY_VERIFY(place.whole());
    place.desk().scrub(9);
    QTest::qWait(200);
    keepShots(place.panel, "tape");
    place.session->showModel("starter:emoji");
    QTest::qWait(50);
    keepShots(place.panel, "tape-none");
  }
};

QTEST_MAIN(TestTapePanel)
#include "test_tape_panel.moc"
