#include <imgui.h>

#include <QElapsedTimer>
#include <QMouseEvent>
#include <QOffscreenSurface>
#include <QOpenGLContext>
#include <QOpenGLFramebufferObject>
#include <QOpenGLFunctions>
#include <QPainter>
#include <QTest>

#include "fake_studio.h"
#include "render/canvas/canvas.h"
#include "render/canvas/enlarge.h"
#include "render/canvas/software_canvas.h"
#include "render/overlay/font_data.h"
#include "render/overlay/imgui_bridge.h"

using namespace orrery;
using namespace orrery::render;

namespace {

DeviceImage pictureOf(int width, int height, const std::function<QColor(int, int)>& color, int padding = 0) {
  const std::size_t stride = static_cast<std::size_t>(width + padding) * 4;
  auto bytes = std::make_shared<std::vector<uchar>>(stride * static_cast<std::size_t>(height), uchar{0xAB});
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      const QColor c = color(x, y);
      uchar* p = bytes->data() + static_cast<std::size_t>(y) * stride + static_cast<std::size_t>(x) * 4;
      p[0] = static_cast<uchar>(c.red()), p[1] = static_cast<uchar>(c.green()), p[2] = static_cast<uchar>(c.blue()),
      p[3] = static_cast<uchar>(c.alpha());
    }
  }
  return {DeviceImage::Where::host, bytes->data(), width, height, stride, nullptr, bytes};
}

Scene plainScene() {
  Scene scene;
  scene.background = QColor(10, 20, 30);
  scene.checker_a = QColor(100, 100, 100), scene.checker_b = QColor(200, 200, 200);
  scene.outline = Qt::red, scene.divider = Qt::white;
  return scene;
}

SceneItem itemAt(const QRectF& view, const QSize& picture, int slot = 0) {
  SceneItem item;
  item.slot_a = slot;
  item.transform.setPicture(picture);
  item.transform.setView(view);
  item.transform.fit();
  return item;
}

bool near(const QColor& a, const QColor& b, int by = 2) {
  return std::abs(a.red() - b.red()) <= by && std::abs(a.green() - b.green()) <= by && std::abs(a.blue() - b.blue()) <= by;
}

}  // namespace

class TestRender : public QObject {
  Q_OBJECT

 private Q_SLOTS:
  void initTestCase() {
    QSurfaceFormat format;
    format.setVersion(4, 5);
    format.setProfile(QSurfaceFormat::CoreProfile);
    surface_.setFormat(format);
    surface_.create();
    context_.setFormat(format);
    QVERIFY2(context_.create(), "no OpenGL context under this display");
    QVERIFY(context_.makeCurrent(&surface_));
  }

  void zoomKeepsThePointUnderTheCursor() {
    ViewTransform t;
    t.setPicture({64, 64});
    t.setView({0, 0, 800, 600});
    QVERIFY(t.fitting());
    QCOMPARE(t.scale(), 9.0);  // a whole multiple: 9 instead of 9.375
    const QPointF cursor(311, 277), before = t.toPicture(cursor);
    t.zoomAt(cursor, 1.7);
    QVERIFY(!t.fitting());
    const QPointF after = t.toPicture(cursor);
    QVERIFY2(QLineF(before, after).length() * t.scale() < 1.0, "the point moved by a device pixel or more");
    t.panBy({40, -25});
    QVERIFY(QLineF(t.toCanvas(after), cursor + QPointF(40, -25)).length() < 1.5);
    for (int i = 0; i < 100; ++i) t.zoomAt(cursor, 1.5);
    QCOMPARE(t.scale(), ViewTransform::kMaxScale);
    t.oneToOne();
    QCOMPARE(t.scale(), 1.0);
    t.fit();
    QCOMPARE(t.scale(), 9.0);
  }

  void gridOnlyWherePixelsAreLookedAt() {
    ViewTransform t;
    t.setPicture({64, 64});
    t.setView({0, 0, 800, 600});
    QVERIFY(!t.showsPixelGrid());
    t.zoomAt({400, 300}, 1.5);
    QVERIFY(t.showsPixelGrid());
    t.oneToOne();
    QVERIFY(!t.showsPixelGrid());
  }

  void smallPicturesAreEnlargedSmoothly() {
    const auto enlargedOf = [](const DeviceImage& image) {
      const int factor = enlargeFactor(image.width_px, image.height_px);
      const auto pixels = enlarge(image, factor);
      return QImage(pixels.data(), image.width_px * factor, image.height_px * factor, QImage::Format_RGBA8888).copy();
    };
    // What is even stays even, to the last bit; a ramp stays a ramp; the middles of enlarged pixels keep their colours.
    const QImage even = enlargedOf(pictureOf(20, 10, [](int, int) { return QColor(37, 200, 254); }, 5));
    QCOMPARE(even.size(), QSize(160, 80));
    for (int y = 0; y < even.height(); ++y) {
      for (int x = 0; x < even.width(); ++x) QCOMPARE(even.pixelColor(x, y), QColor(37, 200, 254));
    }
    const QImage ramp = enlargedOf(pictureOf(8, 3, [](int x, int) { return QColor(20 + 30 * x, 20 + 30 * x, 20 + 30 * x); }, 0));
    for (int x = 1; x < ramp.width(); ++x) QVERIFY(ramp.pixelColor(x, 9).red() >= ramp.pixelColor(x - 1, 9).red());
    QCOMPARE(enlargeFactor(128, 128), 2);
    // On the canvas: no step between two pixels, but nearest again where the grid is looked at.
    Canvas canvas;
    canvas.setPicture(0, pictureOf(4, 4, [](int x, int) { return x < 2 ? QColor(0, 0, 0) : QColor(240, 240, 240); }, 0));
    Scene scene = plainScene();
    scene.smooth = true;
    scene.items.push_back(itemAt({0, 0, 80, 80}, {4, 4}));
    const QImage out = drawn(canvas, scene, {80, 80});
    QVERIFY(near(out.pixelColor(40, 40), QColor(120, 120, 120), 30));
    QVERIFY(out.pixelColor(34, 40).red() > 20 && out.pixelColor(46, 40).red() < 235);
    QVERIFY(near(out.pixelColor(5, 40), QColor(0, 0, 0)) && near(out.pixelColor(75, 40), QColor(240, 240, 240)));
  }

  void nearestShowsEveryTexel() {
    Canvas canvas;
    const auto color = [](int x, int y) { return QColor(x * 60, y * 60, 128); };
    canvas.setPicture(0, pictureOf(4, 4, color, 3));  // rows longer than the picture
    Scene scene = plainScene();
    scene.items.push_back(itemAt({0, 0, 80, 80}, {4, 4}));
    const QImage out = drawn(canvas, scene, {80, 80});
    for (int y = 0; y < 4; ++y) {
      for (int x = 0; x < 4; ++x) {
        QVERIFY(near(out.pixelColor(x * 20 + 1, y * 20 + 1), color(x, y)));
        QVERIFY(near(out.pixelColor(x * 20 + 18, y * 20 + 18), color(x, y)));
      }
    }
    QCOMPARE(QByteArray(canvas.wayOf(0)), QByteArray("host upload"));
  }

  void alphaShowsTheCheckerboard() {
    Canvas canvas;
    canvas.setPicture(0, pictureOf(2, 2, [](int, int) { return QColor(0, 0, 0, 0); }));
    Scene scene = plainScene();
    scene.items.push_back(itemAt({0, 0, 64, 64}, {2, 2}));
    const QImage out = drawn(canvas, scene, {64, 64});
    QSet<QRgb> seen;
    for (int y = 0; y < 64; ++y) {
      for (int x = 0; x < 64; ++x) seen.insert(out.pixelColor(x, y).rgb());
    }
    QCOMPARE(seen, (QSet<QRgb>{qRgb(100, 100, 100), qRgb(200, 200, 200)}));
  }

  void shrinkingAverages() {
    Canvas canvas;
    canvas.setPicture(0, pictureOf(256, 256, [](int x, int y) { return (x + y) % 2 ? QColor(Qt::white) : QColor(Qt::black); }));
    Scene scene = plainScene();
    scene.items.push_back(itemAt({0, 0, 64, 64}, {256, 256}));
    const QImage out = drawn(canvas, scene, {64, 64});
    for (int i = 4; i < 60; i += 7)
      QVERIFY2(near(out.pixelColor(i, 64 - i), QColor(128, 128, 128), 8), qPrintable(out.pixelColor(i, i).name()));
  }

  void wipeAndDifference() {
    Canvas canvas;
    canvas.setPicture(0, pictureOf(8, 8, [](int, int) { return QColor(200, 0, 0); }));
    canvas.setPicture(1, pictureOf(8, 8, [](int, int) { return QColor(180, 0, 10); }));
    Scene scene = plainScene();
    SceneItem item = itemAt({0, 0, 80, 80}, {8, 8});
    item.slot_b = 1;
    item.blend = Blend::wipe;
    item.wipe = 0.25;
    scene.items = {item};
    QImage out = drawn(canvas, scene, {80, 80});
    QVERIFY(near(out.pixelColor(10, 40), QColor(200, 0, 0)) && near(out.pixelColor(40, 40), QColor(180, 0, 10)));
    scene.items[0].blend = Blend::difference;
    scene.difference_gain = 4.0;
    out = drawn(canvas, scene, {80, 80});
    QVERIFY2(near(out.pixelColor(40, 40), QColor(80, 0, 40)), qPrintable(out.pixelColor(40, 40).name()));
  }

  void softwareViewerDrawsTheSame() {
    const DeviceImage face = fake::drawRequest(Request{"", {{"latent.pad", std::vector<double>{2.5, 1.0}}, {"transparent", true}}}, 64);
    const DeviceImage other = fake::drawRequest(Request{"", {{"latent.pad", std::vector<double>{6.0, 1.0}}}}, 64);
    Canvas canvas;
    SoftwareCanvas software;
    canvas.setPicture(0, face), canvas.setPicture(1, other);
    software.setPicture(0, face), software.setPicture(1, other);
    for (const Blend blend : {Blend::picture, Blend::wipe, Blend::difference}) {
      Scene scene = plainScene();
      SceneItem item = itemAt({0, 0, 320, 320}, {64, 64});
      item.slot_b = 1, item.blend = blend, item.outlined = true;
      scene.items = {item};
      const QImage gl = drawn(canvas, scene, {320, 320}).convertToFormat(QImage::Format_RGB32);
      QImage soft(320, 320, QImage::Format_RGB32);
      QPainter painter(&soft);
      software.draw(painter, scene);
      painter.end();
      int different = 0;
      for (int y = 0; y < 320; ++y) {
        for (int x = 0; x < 320; ++x) different += !near(gl.pixelColor(x, y), soft.pixelColor(x, y), 6);
      }
      // The checkerboard of the two starts at different corners; everything else is the same.
      QVERIFY2(different < (blend == Blend::difference ? 320 * 8 : 320 * 320 / 2), qPrintable(QString::number(different)));
    }
  }

  void aDroppedPictureIsGone() {
    Canvas canvas;
    canvas.setPicture(0, pictureOf(4, 4, [](int, int) { return QColor(Qt::green); }));
    Scene scene = plainScene();
    scene.items.push_back(itemAt({0, 0, 40, 40}, {4, 4}));
    QVERIFY(near(drawn(canvas, scene, {40, 40}).pixelColor(20, 20), Qt::green));
    canvas.dropPicture(0);
    QVERIFY(near(drawn(canvas, scene, {40, 40}).pixelColor(20, 20), scene.background));
    QCOMPARE(canvas.texture(0), 0u);
  }

  void aClickBetweenTwoFramesCounts() {
    ImGuiBridge bridge;
    QOpenGLFramebufferObject target(200, 200);
    target.bind();
    int clicks = 0;
    const auto frame = [&] {
      const bool more = bridge.beginFrame({200, 200}, 1.0, QFont(), 0.016);
      ImGui::SetNextWindowPos({0, 0});
      ImGui::SetNextWindowSize({200, 200});
      ImGui::Begin("w", nullptr, ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove);
      ImGui::SetCursorScreenPos({20, 20});
      clicks += ImGui::Button("hit", {100, 60});
      ImGui::End();
      bridge.endFrame();
      return more;
    };
    frame();
    const QPointF at(60, 40);
    bridge.take(QMouseEvent(QEvent::MouseMove, at, at, Qt::NoButton, Qt::NoButton, {}));
    frame();
    bridge.take(QMouseEvent(QEvent::MouseButtonPress, at, at, Qt::LeftButton, Qt::LeftButton, {}));
    bridge.take(QMouseEvent(QEvent::MouseButtonRelease, at, at, Qt::LeftButton, Qt::NoButton, {}));
    QVERIFY2(frame(), "the release must wait for the next frame");
    QVERIFY(bridge.wantsMouse());
    QVERIFY(!frame());
    QCOMPARE(clicks, 1);
  }

  void theOverlayUsesTheSystemFont() {
    QFont font(QStringLiteral("DejaVu Sans"));
    font.setPixelSize(13);
    const QByteArray file = fontFileOf(font);
    QVERIFY2(file.size() > 10000, "the font of the system gave no outlines");
    QCOMPARE(file.left(4), QByteArray("\0\1\0\0", 4));
  }

  void frameTimes() {
    // Figures for the log, with a bound that only a broken path exceeds.
    for (const int px : {64, 256, 1024}) {
      Canvas canvas;
      const DeviceImage image = fake::drawRequest(Request{}, px);
      Scene scene = plainScene();
      scene.items.push_back(itemAt({0, 0, 1024, 768}, {px, px}));
      QOpenGLFramebufferObject target(1024, 768);
      target.bind();
      for (const bool smooth : {false, true}) {
        scene.smooth = smooth;
        std::vector<double> ms;
        for (int i = 0; i < 12; ++i) {
          QElapsedTimer timer;
          timer.start();
          canvas.setPicture(0, image);
          canvas.draw(scene, {1024, 768});
          context_.functions()->glFinish();
          ms.push_back(static_cast<double>(timer.nsecsElapsed()) * 1e-6);
        }
        std::sort(ms.begin(), ms.end());
        qInfo("canvas 1024x768, picture %4d px, %s: median %.2f ms, worst %.2f ms (%s)", px, smooth ? "smooth" : "nearest", ms[6],
              ms.back(), qPrintable(canvas.renderer()));
        QVERIFY(ms[6] < 200.0);
      }
    }
  }

 private:
  QImage drawn(Canvas& canvas, const Scene& scene, const QSize& size) {
    QOpenGLFramebufferObject target(size);
    target.bind();
    canvas.draw(scene, size);
    return target.toImage();
  }

  QOffscreenSurface surface_;
  QOpenGLContext context_;
};

QTEST_MAIN(TestRender)
#include "test_render.moc"
