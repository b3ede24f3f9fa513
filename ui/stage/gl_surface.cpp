#include <QApplication>
#include <QElapsedTimer>
#include <QMouseEvent>
#include <QOffscreenSurface>
#include <QOpenGLContext>
#include <QOpenGLWindow>
#include <QWidget>

#include "render/canvas/canvas.h"
#include "render/overlay/imgui_bridge.h"
#include "ui/stage/overlay_draw.h"
#include "ui/stage/stage_core.h"
#include "ui/stage/surface.h"

namespace orrery::ui {
namespace {

QSurfaceFormat wantedFormat() {
  QSurfaceFormat format;
  format.setVersion(4, 5);
  format.setProfile(QSurfaceFormat::CoreProfile);
  format.setDepthBufferSize(0);
  format.setStencilBufferSize(0);
  return format;
}

class GlWindow : public QOpenGLWindow {
  Q_OBJECT

 public:
  explicit GlWindow(StageCore& core) : core_(core) {
    setFormat(wantedFormat());
    setTitle(QStringLiteral("Stage"));
    clock_.start();
  }
  ~GlWindow() override {
    if (!context()) return;
    makeCurrent();
    bridge_.reset();
    canvas_.reset();
    doneCurrent();
  }

  void setPicture(int slot, const DeviceImage& image) {
    waiting_[slot] = image;
    update();
  }
  void dropPicture(int slot) {
    waiting_[slot] = {};
    update();
  }
  QString renderer() const { return canvas_ ? canvas_->renderer() : QString(); }

 Q_SIGNALS:
  void failed(const QString& why);

 protected:
  void initializeGL() override {
    // A new context (the window was recreated): everything that lived in the old one is gone with it.
    bridge_.reset();
    canvas_.reset();
    try {
      canvas_ = std::make_unique<render::Canvas>();
      bridge_ = std::make_unique<render::ImGuiBridge>();
    } catch (const render::GlError& error) {
      giveUp(error);
    }
  }

  void paintGL() override {
    if (!canvas_ || !bridge_) return;
    try {
      for (auto& [slot, image] : waiting_) {
        image.data ? canvas_->setPicture(slot, image) : canvas_->dropPicture(slot);
      }
      waiting_.clear();
      const double ratio = devicePixelRatioF();
      core_.resize(size(), ratio);
      const QPalette palette = QApplication::palette();
      canvas_->draw(core_.scene(palette), QSize(qRound(width() * ratio), qRound(height() * ratio)));
      const OverlayModel overlay = core_.overlay(palette);
      const double passed_s = static_cast<double>(clock_.nsecsElapsed()) * 1e-9;
      clock_.start();
      const bool more = bridge_->beginFrame(size(), ratio, QApplication::font(), passed_s);
      drawOverlay(
          overlay, [this](int slot) { return canvas_->texture(slot); },
          // Not from inside the painting: the request goes through signals that may want to paint.
          [this](QPointF place, bool released) {
            QMetaObject::invokeMethod(
                &core_, [this, place, released] { core_.padDraggedTo(place, released); }, Qt::QueuedConnection);
          });
      bridge_->endFrame();
      if (more) update();
      setCursor(core_.cursor());
      core_.frameGaps().frame();
    } catch (const render::GlError& error) {
      giveUp(error);
    }
  }

  bool event(QEvent* event) override {
    switch (event->type()) {
      case QEvent::MouseButtonPress:
      case QEvent::MouseButtonRelease:
      case QEvent::MouseButtonDblClick:
      case QEvent::MouseMove:
      case QEvent::Wheel:
      case QEvent::Leave:
        if (bridge_) bridge_->take(*event);
        if (event->type() == QEvent::Leave) core_.leave();
        break;
      case QEvent::DragEnter:
      case QEvent::DragMove:
      case QEvent::DragLeave:
      case QEvent::Drop:
        // A drop on the picture is a drop on the window around it.
        if (auto* container = property("orrery_container").value<QWidget*>())
          return QCoreApplication::sendEvent(container->window(), event);
        break;
      default:
        break;
    }
    return QOpenGLWindow::event(event);
  }

  void mousePressEvent(QMouseEvent* event) override {
    core_.press(*event);
    setCursor(core_.cursor());
    update();
  }
  void mouseMoveEvent(QMouseEvent* event) override {
    core_.move(*event);
    setCursor(core_.cursor());
  }
  void mouseReleaseEvent(QMouseEvent* event) override {
    core_.release(*event);
    setCursor(core_.cursor());
    update();
  }
  void mouseDoubleClickEvent(QMouseEvent* event) override { core_.doubleClick(*event); }
  void wheelEvent(QWheelEvent* event) override { core_.wheel(*event); }
  // The keys belong to the window around: it knows the stage's keys and the shortcuts.
  void keyPressEvent(QKeyEvent* event) override { forward(event); }
  void keyReleaseEvent(QKeyEvent* event) override { forward(event); }

 private:
  void forward(QEvent* event) {
    if (auto* container = property("orrery_container").value<QWidget*>()) QCoreApplication::sendEvent(container->window(), event);
  }
  void giveUp(const render::GlError& error) {
    bridge_.reset();
    canvas_.reset();
    const QString why = QString::fromUtf8(error.what());
    QMetaObject::invokeMethod(
        this, [this, why] { Q_EMIT failed(why); }, Qt::QueuedConnection);
  }

  StageCore& core_;
  std::unique_ptr<render::Canvas> canvas_;
  std::unique_ptr<render::ImGuiBridge> bridge_;
  std::map<int, DeviceImage> waiting_;
  QElapsedTimer clock_;
};

class GlSurface : public Surface {
  Q_OBJECT

 public:
  explicit GlSurface(StageCore& core) : window_(new GlWindow(core)) {
    container_ = QWidget::createWindowContainer(window_);  // owns the window
    container_->setMinimumSize(120, 90);
    container_->setFocusPolicy(Qt::StrongFocus);
    // A drop is the window's: a container that takes drops hands them to its QWindow, which hands them to the window, which hands them to the
    // container that Qt remembers as the target, and so on until the stack is full.
    container_->setAcceptDrops(false);
    window_->setProperty("orrery_container", QVariant::fromValue(container_));
    connect(window_, &GlWindow::failed, this, &Surface::failed);
  }
  QWidget* widget() override { return container_; }
  void setPicture(int slot, const DeviceImage& image) override { window_->setPicture(slot, image); }
  void dropPicture(int slot) override { window_->dropPicture(slot); }
  void redraw() override { window_->update(); }
  QImage grab() override { return window_->grabFramebuffer(); }
  QString description() const override { return tr("OpenGL, %1").arg(window_->renderer()); }
  bool isOpenGl() const override { return true; }

 private:
  GlWindow* window_;
  QWidget* container_;
};

}  // namespace

bool openGlWorks(QString* why) {
  if (qEnvironmentVariableIsSet("ORRERY_SOFTWARE_VIEWER")) return *why = QObject::tr("The software viewer was asked for."), false;
  const QString platform = QGuiApplication::platformName();
  // These cannot show an OpenGL window; Qt would crash on the way.
  if (platform == "offscreen" || platform == "minimal" || platform == "vnc" || platform == "linuxfb")
    return *why = QObject::tr("This display cannot show OpenGL."), false;
  QOpenGLContext context;
  context.setFormat(wantedFormat());
  QOffscreenSurface surface;
  surface.setFormat(wantedFormat());
  surface.create();
  if (!context.create() || !surface.isValid() || !context.makeCurrent(&surface))
    return *why = QObject::tr("No OpenGL was found on this machine."), false;
  const QSurfaceFormat got = context.format();
  context.doneCurrent();
  if (got.majorVersion() * 10 + got.minorVersion() < 45)
    return *why = QObject::tr("OpenGL %1.%2 was found; 4.5 is needed.").arg(got.majorVersion()).arg(got.minorVersion()), false;
  return true;
}

std::unique_ptr<Surface> makeGlSurface(StageCore& core) { return std::make_unique<GlSurface>(core); }

}  // namespace orrery::ui

#include "gl_surface.moc"
