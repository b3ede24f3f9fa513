#include <QMouseEvent>
#include <QPainter>
#include <QWidget>

#include "render/canvas/software_canvas.h"
#include "ui/stage/overlay_draw.h"
#include "ui/stage/stage_core.h"
#include "ui/stage/surface.h"

namespace orrery::ui {
namespace {

class SoftWidget : public QWidget {
 public:
  SoftWidget(StageCore& core, QString note) : core_(core), note_(std::move(note)) {
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
    setMinimumSize(120, 90);
    setAttribute(Qt::WA_OpaquePaintEvent);
  }
  render::SoftwareCanvas canvas_;

 protected:
  void paintEvent(QPaintEvent*) override {
    const double ratio = devicePixelRatioF();
    core_.resize(size(), ratio);
    QPainter painter(this);
    painter.save();
    painter.scale(1.0 / ratio, 1.0 / ratio);
    canvas_.draw(painter, core_.scene(palette()));
    painter.restore();
    OverlayModel overlay = core_.overlay(palette());
    if (!note_.isEmpty()) overlay.chips.push_back({OverlayChip::Corner::top_right, QRectF(rect()), {note_}, 0.8});
    paintOverlay(painter, overlay, [this](int slot) { return canvas_.picture(slot); });
    core_.frameGaps().frame();
  }
  void mousePressEvent(QMouseEvent* event) override {
    setFocus();
    core_.press(*event);
    setCursor(core_.cursor());
  }
  void mouseMoveEvent(QMouseEvent* event) override {
    core_.move(*event);
    setCursor(core_.cursor());
  }
  void mouseReleaseEvent(QMouseEvent* event) override {
    core_.release(*event);
    setCursor(core_.cursor());
  }
  void mouseDoubleClickEvent(QMouseEvent* event) override { core_.doubleClick(*event); }
  void wheelEvent(QWheelEvent* event) override { event->setAccepted(core_.wheel(*event)); }
  void leaveEvent(QEvent*) override { core_.leave(); }

 private:
  StageCore& core_;
  QString note_;
};

class SoftSurface : public Surface {
  Q_OBJECT

 public:
  SoftSurface(StageCore& core, const QString& note) : widget_(new SoftWidget(core, note)) {}
  QWidget* widget() override { return widget_; }
  void setPicture(int slot, const DeviceImage& image) override {
    widget_->canvas_.setPicture(slot, image);
    widget_->update();
  }
  void dropPicture(int slot) override {
    widget_->canvas_.dropPicture(slot);
    widget_->update();
  }
  void redraw() override { widget_->update(); }
  QImage grab() override { return widget_->grab().toImage(); }
  QString description() const override { return tr("software viewer"); }
  bool isOpenGl() const override { return false; }

 private:
  SoftWidget* widget_;
};

}  // namespace

std::unique_ptr<Surface> makeSoftSurface(StageCore& core, const QString& note) { return std::make_unique<SoftSurface>(core, note); }

}  // namespace orrery::ui

#include "soft_surface.moc"
