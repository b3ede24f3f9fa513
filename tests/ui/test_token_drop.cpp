// A photo on a model of tokens, in the real window with real events: dropped on the stage, shown as its error map, its tokens masked on the canvas.
#include <QApplication>
#include <QComboBox>
#include <QLabel>
#include <QMouseEvent>
#include <QPainter>
#include <QSignalSpy>
#include <QTest>
#include <QUrl>
#include <QWindow>

#include "engine/api/error_scale.h"
#include "fake_studio.h"
#include "fake_tokens.h"
#include "ui/controls/control_row.h"
#include "ui/controls/controls_panel.h"
#include "ui/controls/picture_editor.h"
#include "ui/project/attached.h"
#include "ui/session/photo_note.h"
#include "ui/session/session.h"
#include "ui/stage/stage.h"
#include "ui/stage/stage_core.h"
#include "ui/style/theme.h"
#include "ui/tokens/token_desk.h"
#include "ui/widgets/picture_value.h"
#include "ui/widgets/segmented.h"
#include "ui/window/banner.h"
#include "ui/window/main_window.h"
#include "window_test.h"

using namespace orrery;
using namespace orrery::ui;

namespace {

Theme* theme = nullptr;

QImage somePhoto(const QSize& size, const QColor& colour) {
  QImage picture(size, QImage::Format_RGB888);
  picture.fill(QColor(60, 90, 140));
  QPainter painter(&picture);
  painter.setBrush(colour);
  painter.drawEllipse(picture.rect().adjusted(20, 20, -20, -20));
  return picture;
}

}  // namespace

class TestTokenDrop : public QObject {
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
    wide_ = folder_.filePath("wide.png");
    exact_ = folder_.filePath("exact.png");
    QVERIFY(somePhoto({1200, 800}, Qt::red).save(wide_) && somePhoto({64, 64}, Qt::green).save(exact_));
  }
  void cleanup() {
    window_.reset();
    session_.reset();
    studio_.reset();
  }

  void aDroppedPhotoShowsItsErrorMap() {
    QVERIFY(!row("photo.show")->editor()->isEnabled());
    QVERIFY(row("photo.show")->toolTip().contains("\"Photo\""));
    QVERIFY(row("photo.second")->editor()->isEnabled() == false && row("photo.mask")->editor()->isEnabled());
    QVERIFY(test::drop(*window_, {wide_}));
    QTRY_VERIFY(!session_->isNeutral("photo"));
    QTRY_VERIFY(window_->banner().isOpen());
    // Of another size: said in one sentence.
    const QString text = bannerText();
    QVERIFY2(text.contains("wide.png is the photo now") && text.contains("1,200 × 800") && text.contains("64 × 64"), qPrintable(text));
    QTRY_VERIFY(row("photo.show")->editor()->isEnabled());
    QTRY_VERIFY(settled());
    QVERIFY(errorScale(*session_, 0).isEmpty() && chipsWith("white 25 %") == 0);

    choose(*row("photo.show")->editor(), 2);
    QTRY_COMPARE(session_->request().get<std::string>("photo.show", ""), std::string(kErrorMap));
    QTRY_VERIFY(settled());
    const auto* pixels = static_cast<const std::uint8_t*>(session_->frame(0)->image.data);
    QVERIFY(pixels[0] < 20 && pixels[4 * 60] > 200);  // darker on the left
    QTRY_COMPARE(chipsWith("white 25 %"), 1);  // and says how far white is
    QTest::qWait(60);
    test::keepShot(*window_, "token-error-map");
    for (int i = 0; i < 3 && !session_->isNeutral("photo.show"); ++i) session_->undo().undo();  // a list may have passed the choice between
    QTRY_COMPARE(chipsWith("white 25 %"), 0);
    QVERIFY(!session_->isNeutral("photo"));
    session_->undo().undo();
    QVERIFY(session_->isNeutral("photo"));
    QTRY_VERIFY(!row("photo.show")->editor()->isEnabled());
  }

  void aPhotoOfTheSizeIsTakenAsItIs() {
    QVERIFY(test::drop(*window_, {exact_}));
    QTRY_VERIFY(window_->banner().isOpen());
    QVERIFY2(!bannerText().contains("resized"), qPrintable(bannerText()));
    QVERIFY(resizeNote(exact_, {32, 32}).contains("64 × 64") && resizeNote(exact_, {64, 64}).isEmpty());
  }

  // The right button on a photo's token brings it under the mask; a pin is let go of first.
  void theCanvasMasksThePhoto() {
    session_->setControl("photo", valueOfImage(somePhoto({64, 64}, Qt::red)));
    session_->endGesture();
    QTRY_VERIFY(settled());
    key(Qt::Key_T);
    QTRY_VERIFY(desk().look());
    const int steps = session_->undo().count(), cell = 2 * 8 + 3;
    QTest::mouseClick(gl(), Qt::RightButton, {}, placeOf(cell));
    QCOMPARE(session_->undo().count(), steps + 1);
    QCOMPARE(whites(), 64);  // the cell's 8 x 8 pixels
    QVERIFY(white(3 * 8, 2 * 8) && white(3 * 8 + 7, 2 * 8 + 7) && !white(3 * 8 - 1, 2 * 8));
    QTest::mouseClick(gl(), Qt::LeftButton, {}, placeOf(40));
    QVERIFY(desk().pinned(40));
    QTest::mouseClick(gl(), Qt::RightButton, {}, placeOf(40));
    QVERIFY(!desk().pinned(40));
    QCOMPARE(whites(), 64);
    QTest::mouseClick(gl(), Qt::RightButton, {}, placeOf(40));
    QCOMPARE(whites(), 128);
    session_->undo().undo();
    QCOMPARE(whites(), 64);
  }

  void nothingLeftToMakeIsSaid() {
    QSignalSpy said(session_.get(), &Session::messageArrived);
    const auto says = [&](const char* words) {
      return std::any_of(said.begin(), said.end(), [&](const auto& one) { return one.first().toString().contains(words); });
    };
    session_->setControl("photo", valueOfImage(somePhoto({64, 64}, Qt::red)));
    QImage mask(64, 64, QImage::Format_Grayscale8);
    mask.fill(0);
    session_->setControl("photo.mask", valueOfImage(mask));
    QTRY_VERIFY(says("The mask is empty"));
    QVERIFY(session_->frame(0));
    said.clear();
    mask.scanLine(5)[5] = 255;
    session_->setControl("photo.mask", valueOfImage(mask));
    QTest::qWait(400);
    QVERIFY(!says("The mask is empty"));
    session_->setControl("tokens.pinned", std::vector<double>(64, 3.0));
    QTRY_VERIFY(says("All tokens are pinned"));
    QTRY_VERIFY(settled());
  }

  void theSecondPhotoKeepsTheMask() {
    QVERIFY(test::drop(*window_, {exact_}));
    QTRY_VERIFY(!session_->isNeutral("photo"));
    QImage mask(64, 64, QImage::Format_Grayscale8);
    mask.fill(255);
    session_->setControl("photo.mask", valueOfImage(mask));
    QVERIFY(row("photo.second.blend")->toolTip().contains("Second photo"));
    QTRY_VERIFY(row("photo.second")->editor()->isEnabled());
    QSignalSpy said(session_.get(), &Session::messageArrived);
    QVERIFY(test::drop(*row("photo.second")->editor()->findChild<PictureWell*>(), {wide_}));
    QTRY_VERIFY(!session_->isNeutral("photo.second"));
    QVERIFY(!session_->isNeutral("photo.mask"));
    QTRY_VERIFY(row("photo.second.blend")->editor()->isEnabled());
    QVERIFY(std::any_of(said.begin(), said.end(), [](const auto& one) { return one.first().toString().contains("1,200 × 800"); }));
    // A new first one takes it away: it was painted on another picture.
    QVERIFY(test::drop(*row("photo")->editor()->findChild<PictureWell*>(), {wide_}));
    QTRY_VERIFY(session_->isNeutral("photo.mask"));
    QVERIFY(!session_->isNeutral("photo.second"));
  }

 private:
  TokenDesk& desk() { return attached<TokenDesk>(*session_); }
  ControlRow* row(const std::string& id) const { return window_->findChild<ControlsPanel*>()->row(id); }
  bool settled() const { return session_->frame(0) && session_->frame(0)->request == session_->request() && session_->frame(0)->step == session_->frame(0)->steps; }
  QString bannerText() const {
    QStringList lines;
    for (const auto* label : window_->banner().findChildren<QLabel*>()) lines << label->text();
    return lines.join('\n');
  }
  QWindow* gl() const {
    for (QWindow* window : QGuiApplication::allWindows()) {
      if (window->inherits("QOpenGLWindow") && window->property("orrery_container").value<QWidget*>() == window_->stage().view()) return window;
    }
    return nullptr;
  }
  QPoint placeOf(int cell) const {
    const auto overlay = window_->stage().core().overlay(window_->palette());
    const QRectF picture = overlay.tokens->picture;
    return QPointF(picture.left() + (cell % 8 + 0.5) * picture.width() / 8, picture.top() + (cell / 8 + 0.5) * picture.height() / 8).toPoint();
  }
  void key(Qt::Key key) { QTest::keyClick(window_.get(), key); }
  int chipsWith(const QString& words) const {
    int count = 0;
    for (const auto& chip : window_->stage().core().overlay(window_->palette()).chips) count += chip.lines.join(' ').contains(words);
    return count;
  }
  QImage mask() const { return imageOfValue(session_->value("photo.mask")).convertToFormat(QImage::Format_Grayscale8); }
  bool white(int x, int y) const { return mask().constScanLine(y)[x] == 255; }
  int whites() const {
    const QImage image = mask();
    int count = 0;
    for (int y = 0; y < image.height(); ++y)
      for (int x = 0; x < image.width(); ++x) count += image.constScanLine(y)[x] == 255;
    return count;
  }
  // By the pointer where choices stand side by side, by keys in a list.
  static void choose(QWidget& editor, int index) {
    for (auto* pills : editor.findChildren<Segmented*>()) {
      if (pills->isVisible()) return QTest::mouseClick(pills, Qt::LeftButton, {}, pills->itemRect(index).center());
    }
    for (auto* list : editor.findChildren<QComboBox*>()) {
      if (!list->isVisible()) continue;
      list->setFocus();
      QTest::keyClick(list, Qt::Key_Home);
      for (int i = 0; i < index; ++i) QTest::keyClick(list, Qt::Key_Down);
      return;
    }
    qFatal("no choices");
  }

  QTemporaryDir folder_;
  QString wide_, exact_;
  std::unique_ptr<Studio> studio_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<MainWindow> window_;
};

int main(int argc, char** argv) {
  if (qEnvironmentVariableIsEmpty("XDG_RUNTIME_DIR")) qputenv("XDG_RUNTIME_DIR", QDir::tempPath().toUtf8());
  QApplication application(argc, argv);
  orrery::test::ownSettings();
  Theme look(application);
  look.setChoice(ThemeChoice::dark);
  theme = &look;
  TestTokenDrop test;
  return QTest::qExec(&test, argc, argv);
}
#include "test_token_drop.moc"
