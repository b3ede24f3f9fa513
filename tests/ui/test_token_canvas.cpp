// The token canvas in the real window: pin, let go, paint a code, look, with real pointer and key events.
#include <QSignalSpy>
#include <QMouseEvent>
#include <QTest>
#include <QToolButton>
#include <QWindow>

#include "fake_studio.h"
#include "fake_tokens.h"
#include "ui/project/attached.h"
#include "ui/session/session.h"
#include "ui/stage/stage.h"
#include "ui/stage/stage_core.h"
#include "ui/style/theme.h"
#include "ui/tape/tape_desk.h"
#include "ui/tokens/token_desk.h"
#include "ui/window/main_window.h"
#include "window_test.h"

using namespace orrery;
using namespace orrery::ui;

namespace {
Theme* theme = nullptr;
}

class TestTokenCanvas : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    QSettings().clear();
    QSettings().setValue("reduceMotion", true);
    studio_ = fake::makeStudio({.denoiser_steps = 6, .tokens = true});
    session_ = std::make_unique<Session>(*studio_);
    window_ = std::make_unique<MainWindow>(*session_, *theme);
    window_->resize(1440, 900);
    window_->show();
    window_->activateWindow();
    QVERIFY(QTest::qWaitForWindowExposed(window_.get()));
    session_->start();
    session_->noteAction();
    session_->showModel("starter:tokens");
    QTRY_VERIFY(settled());
    QTest::qWait(80);
    session_->undo().clear();
  }
  void cleanup() {
    window_.reset();
    session_.reset();
    studio_.reset();
  }

  void aClickPinsAndTheRightButtonLetsGo() {
    key(Qt::Key_T);
    QVERIFY(desk().on());
    QTRY_VERIFY(desk().look());
    const int cell = 3 * 8 + 4, code = fake::tokenCode(session_->request(), cell);
    QTest::mouseClick(gl(), Qt::LeftButton, {}, placeOf(cell));
    QCOMPARE(desk().pinnedCount(), 1);
    QCOMPARE(session_->request().get<std::vector<double>>("tokens.pinned", {})[cell], double(code));
    QCOMPARE(session_->undo().count(), 1);
    // A stroke over a row is one step of the history, and does not walk.
    drag(8, 15);
    QCOMPARE(desk().pinnedCount(), 9);
    QCOMPARE(session_->undo().count(), 2);
    // Pinned tokens never change, whatever else does.
    session_->setControl("seed", std::int64_t{77});
    session_->endGesture();
    QTRY_VERIFY(settled() && desk().look() && desk().look()->tape == session_->frame(0)->tape);
    QCOMPARE(desk().look()->cells[cell].code, code);
    QCOMPARE(desk().look()->cells[cell].came, 0);
    // The right button lets go; nothing pinned is an empty list: the request says nothing any more.
    QTest::mouseClick(gl(), Qt::RightButton, {}, placeOf(cell));
    QCOMPARE(desk().pinnedCount(), 8);
    key(Qt::Key_N);
    QCOMPARE(desk().pinnedCount(), 0);
    QVERIFY(session_->isNeutral("tokens.pinned"));
    session_->undo().undo();
    QCOMPARE(desk().pinnedCount(), 8);
  }

  void aCodeIsPainted() {
    key(Qt::Key_T);
    QTRY_VERIFY(desk().codebook());
    desk().pick(11);
    QTest::mouseClick(gl(), Qt::LeftButton, {}, placeOf(20));
    QCOMPARE(desk().pins()[20], 11.0);
    QTRY_VERIFY(settled());
    key(Qt::Key_BracketRight);
    key(Qt::Key_BracketRight);
    QCOMPARE(desk().brush(), 3);
    QTest::mouseClick(gl(), Qt::LeftButton, {}, placeOf(4 * 8 + 4));
    QCOMPARE(desk().pinnedCount(), 10);
    QTRY_VERIFY(desk().look() && desk().placesOf(11).size() >= 10u);
  }

  void thePointerAsksAndTheKeysDoTheSame() {
    key(Qt::Key_T);
    QTRY_VERIFY(desk().look());
    QTest::mouseMove(gl(), placeOf(10));
    QTRY_COMPARE(desk().hover(), 10);
    const auto overlay = window_->stage().core().overlay(window_->palette());
    QVERIFY(overlay.tokens);
    QCOMPARE(overlay.tokens->hovered, std::vector<int>{10});
    QCOMPARE(overlay.tokens->candidates.size(), std::size_t(TokenDesk::kCandidates));
    QVERIFY(overlay.tokens->candidates[0].probability > overlay.tokens->candidates[1].probability);
    QVERIFY(overlay.tokens->lines.join(' ').contains("entropy"));
    key(Qt::Key_Right);
    key(Qt::Key_Down);
    QCOMPARE(desk().hover(), 19);
    key(Qt::Key_Return);
    QVERIFY(desk().pinned(19));
    key(Qt::Key_Delete);
    QVERIFY(!desk().pinned(19));
    key(Qt::Key_A);
    QCOMPARE(desk().pinnedCount(), 64);
    key(Qt::Key_E);
    QCOMPARE(desk().heat(), TokenHeat::probability);
    QTest::qWait(60);
    test::keepShot(*window_, "token-canvas");
    key(Qt::Key_Escape);
    QVERIFY(!desk().on());
    // The map stays; without it the picture is free again.
    QVERIFY(window_->stage().core().overlay(window_->palette()).tokens);
  }

  void theTapeIsLookedThrough() {
    key(Qt::Key_T);
    auto& tape = attached<TapeDesk>(*session_);
    QTRY_VERIFY(tape.tape() && tape.tape()->complete && desk().look() && desk().look()->step == fake::kTokenRounds);
    tape.scrub(2);
    QTRY_VERIFY(desk().look()->step == 2);
    int masked = 0;
    for (int cell = 0; cell < 64; ++cell) masked += desk().look()->cells[std::size_t(cell)].code < 0;
    int expected = 0;
    for (int cell = 0; cell < 64; ++cell) expected += fake::tokenRound(session_->request(), cell) > 2;
    QCOMPARE(masked, expected);
    const auto overlay = window_->stage().core().overlay(window_->palette());
    QCOMPARE(int(std::count_if(overlay.tokens->cells.begin(), overlay.tokens->cells.end(), [](const auto& one) { return one.masked; })), expected);
    test::keepShot(*window_, "token-rounds");
  }

  void otherModelsHaveNoCanvas() {
    session_->showModel("starter:emoji");
    QTRY_VERIFY(session_->frame(0) && session_->frame(0)->request == session_->request());
    key(Qt::Key_T);
    QVERIFY(!desk().on());
    QVERIFY(!window_->stage().core().overlay(window_->palette()).tokens);
  }

 private:
  TokenDesk& desk() { return attached<TokenDesk>(*session_); }
  QWindow* gl() const {
    for (QWindow* window : QGuiApplication::allWindows()) {
      if (window->inherits("QOpenGLWindow") && window->property("orrery_container").value<QWidget*>() == window_->stage().view()) return window;
    }
    return nullptr;
  }
  void drag(int from, int to) {
    QTest::mousePress(gl(), Qt::LeftButton, {}, placeOf(from));
    for (int cell = from + 1; cell <= to; ++cell) {
      const QPointF at = placeOf(cell);
      QMouseEvent move(QEvent::MouseMove, at, gl()->mapToGlobal(at), Qt::NoButton, Qt::LeftButton, {});  // QTest's moves carry no button
      QCoreApplication::sendEvent(gl(), &move);
      QTest::qWait(5);
    }
    QTest::mouseRelease(gl(), Qt::LeftButton, {}, placeOf(to));
  }
  bool settled() const { return session_->frame(0) && session_->frame(0)->request == session_->request() && session_->frame(0)->step == session_->frame(0)->steps; }
  // In the middle of a token, on the stage.
  QPoint placeOf(int cell) {
    if (!desk().on()) return {};
    const auto overlay = window_->stage().core().overlay(window_->palette());
    return overlay.tokens ? overlay.tokens->cellRect(cell).center().toPoint() : QPoint();
  }
  void key(Qt::Key key) { QTest::keyClick(window_.get(), key); }

  std::unique_ptr<Studio> studio_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<MainWindow> window_;
};

int main(int argc, char** argv) {
  if (qEnvironmentVariableIsEmpty("XDG_RUNTIME_DIR")) qputenv("XDG_RUNTIME_DIR", QDir::tempPath().toUtf8());
  QApplication app(argc, argv);
  test::ownSettings();
  Theme look(app);
  look.setChoice(ThemeChoice::dark);
  theme = &look;
  TestTokenCanvas test;
  return QTest::qExec(&test, argc, argv);
}
#include "test_token_canvas.moc"
