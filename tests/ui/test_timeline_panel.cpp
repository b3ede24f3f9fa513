#include <QComboBox>
#include <QDoubleSpinBox>
#include <QLineEdit>
#include <QSignalSpy>
#include <QToolButton>

#include "panel_bench.h"
#include "ui/session/playback.h"
#include "ui/timeline/curve_view.h"
#include "ui/timeline/timeline_panel.h"
#include "ui/timeline/timeline_view.h"
#include "ui/timeline/value_text.h"

using namespace orrery;
using namespace orrery::ui;

class TestTimelinePanel : public QObject {
  Q_OBJECT

  struct Place : Bench {
    Place() : panel(*new TimelinePanel(*session)) {
      session->start();
      QTest::qWait(20);
      show(&panel, {980, 320});
    }
    ~Place() { delete &panel; }
    double keyTime(const std::string& control, int index) const { return findTrack(session->timeline(), control)->keys.at(index).time_s; }
    double keyValue(const std::string& control, int index) const { return std::get<double>(findTrack(session->timeline(), control)->keys.at(index).value); }
    QToolButton* tool(const QString& name) const {
      for (auto* one : panel.findChildren<QToolButton*>()) {
        if (one->accessibleName().startsWith(name)) return one;
      }
      return nullptr;
    }
    void twoKeys() {
      session->setControl("truncation.psi", 0.2);
      session->endGesture();
      session->toggleKeyframe("truncation.psi");
      session->playback().seek(2.0);
      session->setControl("truncation.psi", 0.8);
      session->endGesture();
      session->toggleKeyframe("truncation.psi");
    }
    TimelinePanel& panel;
  };

 private Q_SLOTS:
  void initTestCase() {
    useLook();
  }

  void diamondsBecomeTracks() {
    Place place;
    place.twoKeys();
    QCOMPARE(place.session->timeline().tracks.size(), 1u);
    QCOMPARE(place.keyTime("truncation.psi", 1), 2.0);
    QCOMPARE(place.panel.tracks().currentTrack(), std::string("truncation.psi"));
  }

  void keysAreDraggedByTheMouse() {
    Place place;
    place.twoKeys();
    auto& view = place.panel.tracks();
    const int steps = place.session->undo().index();
    const QPoint from = view.keyPosition({"truncation.psi", 2.0});
    const QPoint to = from + QPoint(static_cast<int>(view.scale().px_per_s), 0);
    QTest::mousePress(view.viewport(), Qt::LeftButton, {}, from);
    for (int i = 1; i <= 4; ++i) QTest::mouseMove(view.viewport(), from + (to - from) * i / 4);
    QTest::mouseRelease(view.viewport(), Qt::LeftButton, {}, to);
    QVERIFY(std::abs(place.keyTime("truncation.psi", 1) - 3.0) < 0.05);
    QCOMPARE(place.session->undo().index(), steps + 1);  // the whole drag is one step
    place.session->undo().undo();
    QCOMPARE(place.keyTime("truncation.psi", 1), 2.0);
  }

  void theRulerScrubs() {
    Place place;
    place.twoKeys();
    auto& view = place.panel.tracks();
    QTest::mouseClick(view.viewport(), Qt::LeftButton, {}, view.rulerPosition(1.0));
    QVERIFY(std::abs(place.session->playback().time_s() - 1.0) < 0.04);
    QVERIFY(std::abs(std::get<double>(place.session->value("truncation.psi")) - 0.5) < 0.05);
  }

  void playingMovesThePictureWithoutSteps() {
    Place place;
    place.twoKeys();
    place.session->playback().seek(0.0);
    const int steps = place.session->undo().index();
    QSignalSpy moved(place.session.get(), &Session::requestChanged);
    QTest::mouseClick(place.tool("Play"), Qt::LeftButton);
    QVERIFY(place.session->playback().playing());
    QTest::qWait(400);
    QVERIFY(moved.count() > 5);
    QTest::mouseClick(place.tool("Pause"), Qt::LeftButton);
    QVERIFY(!place.session->playback().playing());
    QVERIFY(place.session->playback().time_s() > 0.2);
    QCOMPARE(place.session->undo().index(), steps);
  }

  void theKeyboardDoesTheSame() {
    Place place;
    place.twoKeys();
    auto& view = place.panel.tracks();
    view.setFocus();
    QTest::keyClick(&view, Qt::Key_Home);
    QCOMPARE(place.session->playback().time_s(), 0.0);
    QTest::keyClick(&view, Qt::Key_Right, Qt::ShiftModifier);
    QVERIFY(std::abs(place.session->playback().time_s() - 10.0 / 30.0) < 1e-6);
    QTest::keyClick(&view, Qt::Key_PageDown);
    QCOMPARE(place.session->playback().time_s(), 2.0);
    QTest::keyClick(&view, Qt::Key_Return);  // chooses the key under the play head
    QCOMPARE(view.selection().size(), 1u);
    QTest::keyClick(&view, Qt::Key_Left);
    QVERIFY(std::abs(place.keyTime("truncation.psi", 1) - (2.0 - 1.0 / 30.0)) < 1e-6);
    QTest::keyClick(&view, Qt::Key_Delete);
    QCOMPARE(findTrack(place.session->timeline(), "truncation.psi")->keys.size(), 1u);
    place.session->undo().undo();
    QCOMPARE(findTrack(place.session->timeline(), "truncation.psi")->keys.size(), 2u);
  }

  void fieldsEditTheChosenKey() {
    Place place;
    place.twoKeys();
    auto& view = place.panel.tracks();
    QTest::mouseClick(view.viewport(), Qt::LeftButton, {}, view.keyPosition({"truncation.psi", 0.0}));
    QLineEdit* value = nullptr;
    for (auto* one : place.panel.findChildren<QLineEdit*>()) {
      if (one->accessibleName() == "Value of the key") value = one;
    }
    QVERIFY(value && value->isEnabled());
    value->setFocus();
    value->selectAll();
    QTest::keyClicks(value, "-0.25");
    QTest::keyClick(value, Qt::Key_Return);
    QCOMPARE(place.keyValue("truncation.psi", 0), -0.25);
    value->selectAll();
    QTest::keyClicks(value, "much");
    QTest::keyClick(value, Qt::Key_Return);
    QCOMPARE(place.keyValue("truncation.psi", 0), -0.25);
    for (auto* one : place.panel.findChildren<QComboBox*>()) {
      if (one->accessibleName() != "Easing to the next key") continue;
      one->setFocus();
      QTest::keyClick(one, Qt::Key_End);
      Q_EMIT one->activated(one->currentIndex());
    }
    QVERIFY(findKey(place.session->timeline(), {"truncation.psi", 0.0})->easing == Easing::hold);
  }

  void curvesAreDragged() {
    Place place;
    place.twoKeys();
    QTest::mouseClick(place.tool("Curves"), Qt::LeftButton);
    auto& curves = place.panel.curves();
    QVERIFY(curves.isVisible());
    QTest::qWait(20);
    const QPoint from = curves.keyPosition({"truncation.psi", 0.0}, 0);
    QTest::mousePress(&curves, Qt::LeftButton, {}, from);
    QTest::mouseMove(&curves, from + QPoint(0, -10));
    QTest::mouseMove(&curves, from + QPoint(0, -30));
    QTest::mouseRelease(&curves, Qt::LeftButton, {}, from + QPoint(0, -30));
    QVERIFY(place.keyValue("truncation.psi", 0) > 0.3);
    QCOMPARE(place.keyTime("truncation.psi", 0), 0.0);
  }

  void positionsBecomeAPath() {
    Place place;
    place.session->setControl("latent.pad", std::vector<double>{1.0, 2.0});
    place.session->storePosition(0);
    place.session->setControl("latent.pad", std::vector<double>{5.0, 2.0});
    place.session->storePosition(1);
    QPushButton* path = findBy<QPushButton>(place.panel, "Path from positions");
    QVERIFY(path && path->isEnabled());
    QTest::mouseClick(path, Qt::LeftButton);
    const Track* track = findTrack(place.session->timeline(), "latent.pad");
    QVERIFY(track);
    QCOMPARE(track->keys.size(), 2u);
    QCOMPARE(track->keys.back().time_s, place.session->timeline().duration_s);
    // Positions of other seeds are on the way too, each at its time.
    place.session->randomise();
    place.session->storePosition(2);
    const Request there = *place.session->position(2);
    QTest::mouseClick(path, Qt::LeftButton);
    const Timeline& whole = place.session->timeline();
    QVERIFY(request_at(whole, 0.0).values.at("latent.pad") == Value(std::vector<double>{1.0, 2.0}));
    const Request end = request_at(whole, whole.duration_s);
    const bool arrives = end.get<std::int64_t>("seed", 0) == there.get<std::int64_t>("seed", 0) ||
                         (end.get<double>("latent.blend", 0.0) == 1.0 && end.get<std::int64_t>("latent.second", 1) == there.get<std::int64_t>("seed", 0));
    QVERIFY(arrives);
  }

  void turningSetsKeysWhenTheDotIsRed() {
    Place place;
    place.twoKeys();
    QTest::mouseClick(place.tool("Set keys while turning"), Qt::LeftButton);
    place.session->playback().seek(1.0);
    QTest::qWait(400);
    QCOMPARE(findTrack(place.session->timeline(), "truncation.psi")->keys.size(), 2u);  // seeking is not turning
    place.session->setControl("truncation.psi", 1.25);
    QTRY_COMPARE(findTrack(place.session->timeline(), "truncation.psi")->keys.size(), 3u);
    QCOMPARE(place.keyValue("truncation.psi", 1), 1.25);
    place.session->undo().undo();
    QTest::qWait(400);
    QCOMPARE(findTrack(place.session->timeline(), "truncation.psi")->keys.size(), 2u);  // and undo is not turning either
  }

  void loopAndLength() {
    Place place;
    place.twoKeys();
    QTest::mouseClick(place.tool("Loop"), Qt::LeftButton);
    QVERIFY(place.session->timeline().loop);
    auto* duration = place.panel.findChild<QDoubleSpinBox*>();
    duration->setFocus();
    duration->selectAll();
    QTest::keyClicks(duration, "8");
    QTest::keyClick(duration, Qt::Key_Return);
    QCOMPARE(place.session->timeline().duration_s, 8.0);
    QCOMPARE(place.keyTime("truncation.psi", 1), 4.0);
  }

  void renderOpensTheExportSheet() {
    Place place;
    QSignalSpy sheet(place.session.get(), &Session::sheetRequested);
    QPushButton* film = findBy<QPushButton>(place.panel, "Render film...");
    QVERIFY(!film->isEnabled());  // nothing to render yet
    place.twoKeys();
    QVERIFY(film->isEnabled());
    QTest::mouseClick(film, Qt::LeftButton);
    QCOMPARE(sheet.count(), 1);
    QCOMPARE(sheet[0][1].toStringList(), QStringList{"film"});
  }

  void valuesAsText() {
    QCOMPARE(valueText(Value(std::vector<double>{1.5, 2.0})), QString("1.5; 2"));
    QVERIFY(*valueFromText("1.5;3", Value(std::vector<double>{0.0, 0.0})) == Value(std::vector<double>{1.5, 3.0}));
    QVERIFY(!valueFromText("1.5", Value(std::vector<double>{0.0, 0.0})));
    QVERIFY(*valueFromText("off", Value(true)) == Value(false));
    QVERIFY(!valueFromText("1.5", Value(std::int64_t{1})));
    QVERIFY(!valueFromText("inf", Value(1.0)));
  }

  void shots() {
    Place place;
    place.twoKeys();
    place.session->playback().seek(3.0);
    place.session->setControl("truncation.psi", -0.2);
    place.session->toggleKeyframe("truncation.psi");
    place.session->playback().seek(0.5);
    place.session->setControl("latent.pad", std::vector<double>{1.0, 2.0});
    place.session->toggleKeyframe("latent.pad");
    place.session->playback().seek(3.5);
    place.session->setControl("latent.pad", std::vector<double>{4.0, 3.0});
    place.session->toggleKeyframe("latent.pad");
    place.session->toggleKeyframe("noise.mode");
    place.session->playback().seek(1.2);
    QTest::mouseClick(place.tool("Curves"), Qt::LeftButton);
    place.panel.tracks().select({{"truncation.psi", 2.0}});
    keepShots(place.panel, "timeline");
  }

 private:
  bool installed_ = false;
};

QTEST_MAIN(TestTimelinePanel)
#include "test_timeline_panel.moc"
