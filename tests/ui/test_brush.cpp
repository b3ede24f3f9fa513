// A photo dropped on the window and a mask painted on its picture, with real pointer events in the real window.
#include <QApplication>
#include <QFile>
#include <QPainter>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>
#include <QUrl>
#include <QWindow>

#include "fake_studio.h"
#include "ui/controls/control_row.h"
#include "ui/controls/controls_panel.h"
#include "ui/controls/picture_editor.h"
#include "ui/session/session.h"
#include "ui/stage/stage.h"
#include "ui/stage/surface.h"
#include "ui/style/theme.h"
#include "ui/widgets/picture_value.h"
#include "ui/window/banner.h"
#include "ui/window/main_window.h"
#include "window_test.h"

using namespace orrery;
using namespace orrery::ui;

namespace {

Theme* theme = nullptr;

QImage somePhoto() {
  QImage picture(256, 256, QImage::Format_RGB888);
  picture.fill(QColor(150, 190, 230));
  QPainter painter(&picture);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setBrush(QColor(230, 120, 60));
  painter.drawEllipse(50, 60, 140, 150);
  return picture;
}

}  // namespace

class TestBrush : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void init() {
    QSettings().clear();
    QSettings().setValue("reduceMotion", true);
    folder_ = std::make_unique<QTemporaryDir>();
    counters_ = std::make_shared<fake::Counters>();
    studio_ = fake::makeStudio({.frame_ms = 2}, counters_);
    session_ = std::make_unique<Session>(*studio_);
    window_ = std::make_unique<MainWindow>(*session_, *theme);
    window_->resize(1440, 900);
    window_->show();
    window_->activateWindow();
    QVERIFY(QTest::qWaitForWindowExposed(window_.get()));
    session_->start();
    session_->noteAction();
    session_->showModel("file:everything");
    QTRY_VERIFY(session_->frame(0) && session_->frame(0)->request == session_->request() && session_->frame(0)->image.width_px == 256);
    QTest::qWait(80);
    session_->undo().clear();
  }
  void cleanup() {
    window_.reset();
    session_.reset();
    studio_.reset();
  }

  void paintsErasesAndUndoes() {
    session_->setControl("photo", valueOfImage(somePhoto()));
    session_->endGesture();
    const Request before = session_->request();
    key(Qt::Key_B);
    QVERIFY(session_->brush());
    const int steps = session_->undo().count(), asked = counters_->requests;
    const auto place = session_->value("latent.pad");

    // It acts while it is painted, and is one step of the history.
    QTest::mousePress(gl(), Qt::LeftButton, {}, middle());
    QTRY_VERIFY(white(mask(), 128, 128));
    for (int i = 1; i <= 20; ++i) {
      QTest::mouseMove(gl(), middle() + QPoint(4 * i, i));
      QTest::qWait(6);
    }
    QCOMPARE(session_->undo().count(), steps);
    QVERIFY(counters_->requests > asked + 3);
    const QImage under_way = mask();
    QTest::qWait(1200);  // a rest does not end the stroke
    QTest::mouseMove(gl(), middle() + QPoint(-60, 0));
    QTest::mouseRelease(gl(), Qt::LeftButton, {}, middle() + QPoint(-60, 0));
    QCOMPARE(session_->undo().count(), steps + 1);
    QCOMPARE(session_->value("latent.pad"), place);  // no walk
    const QImage painted = mask();
    QVERIFY(painted != under_way && painted.size() == QSize(256, 256) && painted.format() == QImage::Format_Grayscale8);
    QVERIFY(whites(painted) > whites(under_way) && white(painted, 128, 128) && !white(painted, 5, 5));
    test::keepShot(*window_, "brush-painted");

    // The right button erases, X turns the left one round.
    drag(Qt::RightButton, QPoint(0, -40), QPoint(0, 40));
    QVERIFY(!white(mask(), 128, 128) && whites(mask()) < whites(painted));
    const QImage cut = mask();
    key(Qt::Key_X);
    drag(Qt::LeftButton, QPoint(-70, 0), QPoint(70, 0));
    QVERIFY(whites(mask()) < whites(cut));
    key(Qt::Key_X);
    QCOMPARE(session_->undo().count(), steps + 3);

    session_->undo().undo();
    QCOMPARE(mask(), cut);
    session_->undo().undo();
    QCOMPARE(mask(), painted);
    session_->undo().undo();
    QCOMPARE(session_->request(), before);
    session_->undo().redo();
    QCOMPARE(mask(), painted);

    key(Qt::Key_Escape);
    QVERIFY(!session_->brush());
    drag(Qt::LeftButton, QPoint(0, 0), QPoint(60, 0));
    QVERIFY(session_->value("latent.pad") != place);  // and walks again
    QCOMPARE(mask(), painted);
  }

  void theFirstStrokeTakesThePicture() {
    const QImage shown = QImage(static_cast<const uchar*>(session_->frame(0)->image.data), 256, 256, QImage::Format_RGBA8888).convertToFormat(QImage::Format_RGB888);
    const Request before = session_->request();
    const auto seed = std::get<std::int64_t>(session_->value("seed"));
    key(Qt::Key_B);
    drag(Qt::LeftButton, QPoint(-20, 0), QPoint(20, 0));
    QCOMPARE(imageOfValue(session_->value("photo")), shown);
    QCOMPARE(std::get<double>(session_->value("photo.strength")), 1.0);
    QCOMPARE(std::get<std::int64_t>(session_->value("seed")), seed + 1);
    QCOMPARE(session_->undo().count(), 1);
    session_->undo().undo();
    QCOMPARE(session_->request(), before);
  }

  void keysAndButtons() {
    session_->setControl("photo", valueOfImage(somePhoto()));
    key(Qt::Key_B);
    Brush& brush = window_->stage().core().brush();
    const double radius = brush.radius();
    key(Qt::Key_BracketRight);
    QVERIFY(brush.radius() > radius);
    key(Qt::Key_BracketLeft);
    key(Qt::Key_BracketLeft);
    QVERIFY(brush.radius() < radius);
    for (int i = 0; i < 40; ++i) key(Qt::Key_BracketLeft);
    QCOMPARE(brush.radius(), 0.5);
    drag(Qt::LeftButton, QPoint(0, 0), QPoint(0, 0));
    QVERIFY(whites(mask()) >= 1 && whites(mask()) < 6);  // pixel by pixel
    const int few = whites(mask());
    key(Qt::Key_I);
    QCOMPARE(whites(mask()), 256 * 256 - few);
    key(Qt::Key_Delete);
    QVERIFY(!mask().isNull() && whites(mask()) == 0);
    QCOMPARE(session_->undo().undoText(), QString("Clear mask"));
    session_->undo().undo();

    // The same by the buttons of the row.
    auto* row = window_->findChild<ControlsPanel*>()->row("mask");
    QVERIFY(row);
    auto* editor = qobject_cast<PictureEditor*>(row->editor());
    QVERIFY(editor && editor->pictureSize() == QSize(256, 256));
    auto* paint = qobject_cast<QPushButton*>(editor->main());
    QVERIFY(paint && paint->isChecked());
    paint->click();
    QVERIFY(!session_->brush() && !paint->isChecked());
    paint->click();
    QVERIFY(session_->brush());
    QTest::qWait(60);  // the panel follows at screen rate
    button(*editor, "Invert the mask")->click();
    QCOMPARE(whites(mask()), few);
    button(*editor, "Clear the mask: nothing is made anew")->click();
    QCOMPARE(whites(mask()), 0);
    session_->resetControl("mask");
    QVERIFY(mask().isNull());
    QTRY_VERIFY(!button(*editor, "Invert the mask")->isEnabled());
    auto* photo = qobject_cast<PictureEditor*>(window_->findChild<ControlsPanel*>()->row("photo")->editor());
    QVERIFY(photo);
    QTRY_COMPARE(photo->pictureSize(), QSize(256, 256));
    button(*photo, "No photo")->click();
    QVERIFY(session_->isNeutral("photo"));
    test::keepShot(*window_, "brush-row");
  }

  void aDroppedPictureIsThePhoto() {
    const QString path = folder_->filePath("orange.png");
    QVERIFY(somePhoto().save(path));
    session_->setControl("mask", valueOfImage(QImage(256, 256, QImage::Format_Grayscale8)));
    session_->endGesture();
    QVERIFY(test::drop(*window_, {path}));
    QTRY_COMPARE(imageOfValue(session_->value("photo")), somePhoto());
    QVERIFY(session_->isNeutral("mask"));  // that of another picture
    QTRY_VERIFY(window_->banner().isOpen());
    QVERIFY(window_->banner().text().contains("orange.png"));
    test::keepShot(*window_, "brush-photo");
    session_->undo().undo();
    QVERIFY(session_->isNeutral("photo"));
    session_->undo().redo();
    // The other thing that one may want.
    QSignalSpy sheets(session_.get(), &Session::sheetRequested);
    auto* import = [&]() -> QPushButton* {
      for (auto* one : window_->banner().findChildren<QPushButton*>()) {
        if (one->text().contains("data set")) return one;
      }
      return nullptr;
    }();
    QVERIFY(import);
    import->click();
    QCOMPARE(sheets.count(), 1);
    QCOMPARE(sheets.front().at(1).toStringList(), QStringList{path});
    QVERIFY(session_->isNeutral("photo"));
    session_->closeSheet();

    // On the row, as photo and as mask.
    for (const char* id : {"photo", "mask"}) {
      auto* editor = window_->findChild<ControlsPanel*>()->row(id)->editor();
      QVERIFY(test::drop(*editor->findChild<PictureWell*>(), {path}));
      QTRY_VERIFY(!session_->isNeutral(id));
    }
    // A folder, and a picture for a model without photos, are for importing.
    sheets.clear();
    QVERIFY(test::drop(*window_, {folder_->path()}));
    QTRY_COMPARE(sheets.count(), 1);
    session_->closeSheet();
    session_->showModel("starter:emoji");
    QVERIFY(test::drop(*window_, {path}));
    QTRY_COMPARE(sheets.count(), 2);
  }

  void badFilesChangeNothing() {
    const QString path = folder_->filePath("broken.png");
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly) && file.write("no picture") > 0);
    file.close();
    session_->setControl("photo", valueOfImage(somePhoto()));
    session_->endGesture();
    const Request before = session_->request();
    const int steps = session_->undo().count();
    QVERIFY(test::drop(*window_, {path}));
    QTRY_VERIFY(window_->banner().isOpen());
    QVERIFY2(window_->banner().text().contains("broken.png cannot be used as a photo"), qPrintable(window_->banner().text()));
    QCOMPARE(session_->request(), before);
    QCOMPARE(session_->undo().count(), steps);
    QVERIFY(session_->frame(0));
    window_->banner().dismiss();
    session_->usePicture("mask", folder_->filePath("none.png"));
    QTRY_VERIFY(window_->banner().isOpen());
    QCOMPARE(session_->request(), before);
    // What a recipe may bring: text that is no picture shows nothing and harms nothing.
    session_->setControl("mask", std::string("data:image/png;base64,AAAA"));
    key(Qt::Key_B);
    QVERIFY(mask().isNull());
    drag(Qt::LeftButton, QPoint(-20, 0), QPoint(20, 0));
    QVERIFY(whites(mask()) > 0);
  }

  void onlyWhereTheModelTakesAMask() {
    key(Qt::Key_B);
    QVERIFY(session_->brush());
    session_->showModel("starter:emoji");
    QTRY_VERIFY(!session_->brush());
    key(Qt::Key_B);
    QVERIFY(!session_->brush());
  }

 private:
  QWindow* gl() const {
    for (QWindow* window : QGuiApplication::allWindows()) {
      if (window->inherits("QOpenGLWindow") && window->property("orrery_container").value<QWidget*>() == window_->stage().view()) return window;
    }
    return nullptr;
  }
  QPoint middle() const { return window_->stage().view()->rect().center(); }
  void key(Qt::Key key) { QTest::keyClick(window_.get(), key); }
  void drag(Qt::MouseButton button, const QPoint& from, const QPoint& to) {
    QTest::mousePress(gl(), button, {}, middle() + from);
    for (int i = 1; i <= 8; ++i) {
      // QTest's moves carry no button.
      const QPointF at = middle() + from + (to - from) * i / 8;
      QMouseEvent move(QEvent::MouseMove, at, gl()->mapToGlobal(at), Qt::NoButton, button, {});
      QCoreApplication::sendEvent(gl(), &move);
      QTest::qWait(4);
    }
    QTest::mouseRelease(gl(), button, {}, middle() + to);
  }
  QImage mask() const { return imageOfValue(session_->value("mask")); }
  static bool white(const QImage& mask, int x, int y) { return !mask.isNull() && mask.constScanLine(y)[x] == 255; }
  static int whites(const QImage& mask) {
    int count = 0;
    for (int y = 0; y < mask.height(); ++y)
      for (int x = 0; x < mask.width(); ++x) count += mask.constScanLine(y)[x] == 255;
    return count;
  }
  static QToolButton* button(QWidget& in, const QString& name) {
    for (auto* one : in.findChildren<QToolButton*>()) {
      if (one->accessibleName() == name) return one;
    }
    qFatal("no button %s", qPrintable(name));
  }

  std::unique_ptr<QTemporaryDir> folder_;
  std::shared_ptr<fake::Counters> counters_;
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
  TestBrush test;
  return QTest::qExec(&test, argc, argv);
}
#include "test_brush.moc"
