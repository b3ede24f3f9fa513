#include <QLabel>
#include <QLineEdit>
#include <QTest>
#include <cmath>

#include "fake_studio.h"
#include "ui/controls/class_blend.h"
#include "ui/controls/control_row.h"
#include "ui/controls/controls_panel.h"
#include "ui/controls/editor.h"
#include "ui/controls/layer_range.h"
#include "ui/session/playback.h"
#include "ui/session/photo_note.h"
#include "ui/session/session.h"
#include "ui/style/theme.h"
#include "ui/widgets/accessible_value.h"
#include "ui/widgets/number_field.h"
#include "ui/widgets/toggle_switch.h"
#include "ui/widgets/value_slider.h"
#include "window_test.h"

using namespace orrery;
using namespace orrery::ui;

class TestControls : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    QSettings().clear();
    studio_ = fake::makeStudio();
    session_ = std::make_unique<Session>(*studio_);
    panel_ = std::make_unique<ControlsPanel>(*session_);
    panel_->resize(352, 820);
    panel_->show();
    QVERIFY(QTest::qWaitForWindowExposed(panel_.get()));
    session_->start();
    session_->showModel("file:everything");
    panel_->setShowsAll(true);
    panel_->activateWindow();
    QTest::qWait(30);
  }
  void cleanup() {
    panel_.reset();
    session_.reset();
    studio_.reset();
  }

  void thereIsARowForEveryControl() {
    for (const auto& spec : session_->model()->controls) {
      ControlRow* row = panel_->row(spec.id);
      QVERIFY2(row, spec.id.c_str());
      QVERIFY(!row->editor()->main()->accessibleName().isEmpty());
      QVERIFY(!row->toolTip().isEmpty());
      QCOMPARE(row->editor()->isEnabled(), spec.unavailable.empty() && !missingPhoto(*session_, spec));
    }
    test::keepShot(*panel_, "controls");
  }

  void sliderDragsFineCoarseAndResets() {
    auto* slider = slideOf("truncation.psi");
    const int y = slider->height() / 2, from = slider->width() / 2;
    QTest::mousePress(slider, Qt::LeftButton, {}, {from, y});
    QTest::mouseMove(slider, {from - 20, y});
    QTest::mouseRelease(slider, Qt::LeftButton, {}, {from - 20, y});
    const double dragged = psi();
    QVERIFY(dragged < 0.6);
    QVERIFY(panel_->row("truncation.psi")->findChild<SignButton*>()->lit() || waitLit("truncation.psi"));
    QTest::qWait(20);
    slider->setFocus();
    QTest::keyClick(slider, Qt::Key_Right, Qt::ShiftModifier);
    QVERIFY(std::abs(psi() - dragged - 0.002) < 1e-9);
    QTest::keyClick(slider, Qt::Key_Right, Qt::ControlModifier);
    QVERIFY(std::abs(psi() - dragged) > 0.15);
    QTest::mouseDClick(slider, Qt::LeftButton, {}, {from, y});
    QVERIFY(session_->isNeutral("truncation.psi"));
  }

  void aDragIsOneStepInTheHistory() {
    const int before = session_->undo().count();
    auto* slider = slideOf("truncation.psi");
    QTest::mousePress(slider, Qt::LeftButton, {}, {10, slider->height() / 2});
    for (int x = 10; x < 80; x += 5) QTest::mouseMove(slider, {x, slider->height() / 2});
    QTest::mouseRelease(slider, Qt::LeftButton, {}, {80, slider->height() / 2});
    QCOMPARE(session_->undo().count(), before + 1);
    session_->undo().undo();
    QVERIFY(session_->isNeutral("truncation.psi"));
    QTRY_COMPARE(slider->value(), 1.0);
  }

  void wheelActsOnlyWithFocus() {
    auto* slider = slideOf("truncation.psi");
    panel_->search()->setFocus();
    const auto turn = [&] {
      QWheelEvent wheel(QPointF(30, 10), slider->mapToGlobal(QPointF(30, 10)), {}, {0, 120}, Qt::NoButton, {}, Qt::NoScrollPhase, false);
      QCoreApplication::sendEvent(slider, &wheel);
    };
    turn();
    QVERIFY(session_->isNeutral("truncation.psi"));
    slider->setFocus();
    QTRY_VERIFY(slider->hasFocus());
    turn();
    QVERIFY(!session_->isNeutral("truncation.psi"));
  }

  void numbersAreTyped() {
    auto* field = panel_->row("truncation.psi")->findChild<NumberField*>();
    field->setFocus();
    field->selectAll();
    QTest::keyClicks(field, "0.333");
    QTest::keyClick(field, Qt::Key_Return);
    QCOMPARE(psi(), 0.333);
    field->selectAll();
    QTest::keyClicks(field, "nonsense");
    QTest::keyClick(field, Qt::Key_Return);
    QCOMPARE(psi(), 0.333);
    field->selectAll();
    QTest::keyClicks(field, "77");
    QTest::keyClick(field, Qt::Key_Return);
    QCOMPARE(psi(), 1.5);
  }

  void layersAndClassesAndSwitches() {
    auto* layers = panel_->row("mix.layers")->editor();
    QTest::mousePress(layers, Qt::LeftButton, {}, {2, 13});
    QTest::mouseMove(layers, {layers->width() / 3, 13});
    QTest::mouseRelease(layers, Qt::LeftButton, {}, {layers->width() / 3, 13});
    const auto range = session_->request().get<std::vector<double>>("mix.layers", {});
    QVERIFY(range.size() == 2 && range[0] >= 2.0 && range[1] == 9.0);

    auto* strips = panel_->row("class.blend")->findChild<ClassStrips*>();
    QTest::mouseClick(strips, Qt::LeftButton, {}, {20, ClassStrips::kRowHeight * 2 + 8});  // the name: that class alone
    const auto weights = session_->request().get<std::vector<double>>("class.blend", {});
    QVERIFY(weights.size() == 6 && weights[2] == 1.0 && weights[0] == 0.0);

    auto* on = panel_->row("transparent")->findChild<ToggleSwitch*>();
    QTest::mouseClick(on, Qt::LeftButton);
    QCOMPARE(session_->request().get<bool>("transparent", false), true);
  }

  void keysAreSetAtThePlayHead() {
    const auto signs = panel_->row("truncation.psi")->findChildren<SignButton*>();
    QCOMPARE(signs.size(), 2);
    QTest::mouseClick(signs[1], Qt::LeftButton);
    QVERIFY(session_->hasKeyframe("truncation.psi"));
    QTest::mouseClick(signs[1], Qt::LeftButton);
    QVERIFY(!session_->isKeyframed("truncation.psi"));
  }

  void simpleHidesAndSearchFinds() {
    panel_->setShowsAll(false);
    QVERIFY(!panel_->row("truncation.layers")->isVisible());
    QTest::keyClicks(panel_->search(), "layers trunc");
    QVERIFY(panel_->row("truncation.layers")->isVisible());
    QVERIFY(!panel_->row("seed")->isVisible());
    panel_->search()->clear();
    panel_->reveal("truncation.layers");
    QVERIFY(panel_->showsAll() && panel_->row("truncation.layers")->isVisible());
  }

  void theUnavailableIsGreyAndSaysWhy() {
    session_->showModel("starter:emoji");
    ControlRow* row = panel_->row("class.blend");
    QVERIFY(row && !row->editor()->isEnabled());
    QVERIFY(row->toolTip().contains("no classes"));
    bool said = false;
    for (auto* label : panel_->findChildren<QLabel*>()) said = said || label->text() == "This model has no classes.";
    QVERIFY(said);
  }

  void aNewSnapshotKeepsTheRows() {
    TrainOptions options;
    options.system = "stylegan2", options.data = "builtin:emoji", options.out = "run";
    const JobId id = session_->submit(TrainJob{options});
    QTRY_VERIFY(session_->findModel("run:run"));
    session_->showModel("run:run");
    session_->say(id, JobVerb::save_now);
    QTRY_VERIFY_WITH_TIMEOUT(panel_->row("snapshot")->spec().unavailable.empty(), 8000);
    ControlRow* kept = panel_->row("truncation.psi");
    const double most = panel_->row("snapshot")->spec().max;
    session_->say(id, JobVerb::save_now);
    QTRY_VERIFY_WITH_TIMEOUT(panel_->row("snapshot")->spec().max > most, 8000);
    QCOMPARE(panel_->row("truncation.psi"), kept);
    session_->say(id, JobVerb::stop_without_saving);
  }

 private:
  double psi() { return session_->request().get<double>("truncation.psi", 1.0); }
  ValueSlider* slideOf(const std::string& id) { return panel_->row(id)->findChild<ValueSlider*>(); }
  bool waitLit(const std::string& id) {
    return QTest::qWaitFor([&] { return panel_->row(id)->findChild<SignButton*>()->lit(); }, 1000);
  }

  std::unique_ptr<Studio> studio_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<ControlsPanel> panel_;
};

int main(int argc, char** argv) {
  orrery::test::ownSettings();
  QApplication application(argc, argv);
  installAccessibleFactories();
  Theme theme(application);
  TestControls test;
  return QTest::qExec(&test, argc, argv);
}
#include "test_controls.moc"
