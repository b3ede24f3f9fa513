#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QSettings>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "ui/space/density_ramp.h"
#include "ui/space/space_view.h"
#include "ui/style/colors.h"
#include "ui/widgets/format.h"

namespace orrery::ui {
namespace {

constexpr double kGrab_px = 11.0, kClick_px = 4.0, kArrow_px = 34.0;
constexpr double kDensityCell_px = 5.5;

}  // namespace

SpacePlane::SpacePlane(Session& session, SpaceFeed& feed, QWidget* parent) : QWidget(parent), session_(session), feed_(feed) {
  setAttribute(Qt::WA_OpaquePaintEvent);
  setMouseTracking(true);
  setFocusPolicy(Qt::StrongFocus);
  setMinimumSize(160, 120);
  setAccessibleName(tr("Plane"));
  setAccessibleDescription(tr("Click to start a particle and drag it. Enter starts one in the middle, the arrow keys move it, Delete removes it. Plus, minus and F zoom."));
  QSettings settings;
  const auto kept = [&](const char* name, bool& on) { on = settings.value(QStringLiteral("space/") + QLatin1String(name), on).toBool(); };
  kept("data", layers_.data), kept("particles", layers_.particles), kept("trails", layers_.trails), kept("score", layers_.score), kept("motion", layers_.motion),
      kept("density", layers_.density), kept("scaled", layers_.scaled);
  connect(&feed_, &SpaceFeed::changed, this, [this] {
    if (selected_ && !feed_.probes().contains(selected_)) selected_ = 0;
    wantField();
    update();
  });
  want_.setSingleShot(true);
  want_.setInterval(30);
  connect(&want_, &QTimer::timeout, this, &SpacePlane::wantField);
}

void SpacePlane::setLayers(const SpaceLayers& layers) {
  if (layers == layers_) return;
  layers_ = layers;
  QSettings settings;
  const auto keep = [&](const char* name, bool on) { settings.setValue(QStringLiteral("space/") + QLatin1String(name), on); };
  keep("data", layers_.data), keep("particles", layers_.particles), keep("trails", layers_.trails), keep("score", layers_.score), keep("motion", layers_.motion),
      keep("density", layers_.density), keep("scaled", layers_.scaled);
  wantField();
  update();
  Q_EMIT layersChanged();
}

void SpacePlane::fit() {
  frame_.middle = {0.0, 0.0};
  frame_.half = PlaneFrame::kFitHalf;
  wantField();
  update();
}

void SpacePlane::zoomBy(double factor) {
  frame_.zoomAt(QRectF(rect()).center(), factor);
  want_.start();
  update();
}

void SpacePlane::removeSelected() {
  const int id = std::exchange(selected_, 0);
  feed_.removeProbe(id);
}

void SpacePlane::wantField() {
  const bool arrows = layers_.score || layers_.motion;
  if (!isVisible() || (!arrows && !layers_.density)) return feed_.want(std::nullopt);
  SpaceFeed::Wanted wanted;
  wanted.area = frame_.area(drawnScale(feed_.level(), feed_.spread(), layers_.scaled));
  if (arrows) {
    wanted.columns = std::clamp(static_cast<int>(width() / kArrow_px), 4, 64);
    wanted.rows = std::clamp(static_cast<int>(height() / kArrow_px), 4, 64);
  }
  if (layers_.density) {
    wanted.density_columns = std::clamp(static_cast<int>(width() / kDensityCell_px), 8, 360);
    wanted.density_rows = std::clamp(static_cast<int>(height() / kDensityCell_px), 8, 360);
  }
  feed_.want(wanted);
}

void SpacePlane::resizeEvent(QResizeEvent*) {
  frame_.size_px = size();
  want_.start();
}

QPointF SpacePlane::dataAt(const QPointF& px) const { return frame_.toPlane(px) / drawnScale(feed_.level(), feed_.spread(), layers_.scaled); }

QPointF SpacePlane::probeAt(int id) const {
  const auto found = feed_.probes().find(id);
  if (found == feed_.probes().end()) return {};
  return frame_.toPixel(found->second.drawnAt(feed_.level(), feed_.spread(), layers_.scaled));
}

int SpacePlane::probeNear(const QPointF& px) const {
  int nearest = 0;
  double best = kGrab_px;
  for (const auto& [id, probe] : feed_.probes()) {
    const double far = QLineF(probeAt(id), px).length();
    if (far <= best) best = far, nearest = id;
  }
  return nearest;
}

// ---- drawing ----

void SpacePlane::paintEvent(QPaintEvent*) {
  QElapsedTimer clock;
  clock.start();
  const Colors& colors = colorsOf(palette());
  const double ratio = devicePixelRatioF();
  SpacePicture picture;
  picture.layers = layers_;
  picture.frame = frame_;
  picture.frame.size_px = QSizeF(size()) * ratio;
  picture.ratio = ratio;
  picture.dark = colors.dark;
  picture.accent = colors.denoiser;
  picture.spread = feed_.spread();
  picture.level = feed_.level();
  picture.step = feed_.head();
  picture.data = &feed_.data();
  picture.field = feed_.field() ? &*feed_.field() : nullptr;
  picture.particles = feed_.particles().get();
  picture.probes = &feed_.probes();
  picture.selected = selected_;
  const QImage& image = canvas_.draw((QSizeF(size()) * ratio).toSize(), picture);
  QPainter painter(this);
  painter.drawImage(QRectF(rect()), image);
  drawNotes(painter);
  draw_ms_ = static_cast<double>(clock.nsecsElapsed()) * 1e-6;
  gaps_.frame();
}

void SpacePlane::drawNotes(QPainter& painter) {
  const Colors& colors = colorsOf(palette());
  const auto note = [&](const QString& text, const QRectF& where, Qt::Alignment align, const QColor& color) {
    const QRectF box = painter.fontMetrics().boundingRect(text);
    QRectF plate(0, 0, box.width() + 20, box.height() + 10);
    plate.moveCenter(where.center());
    if (align & Qt::AlignLeft) plate.moveLeft(where.left());
    if (align & Qt::AlignBottom) plate.moveBottom(where.bottom());
    if (align & Qt::AlignTop) plate.moveTop(where.top());
    QColor back = planeBackground(colors.dark);
    back.setAlphaF(0.78F);
    painter.setPen(Qt::NoPen);
    painter.setBrush(back);
    painter.drawRoundedRect(plate, 6, 6);
    painter.setPen(color);
    painter.drawText(plate, Qt::AlignCenter, text);
  };
  painter.setRenderHint(QPainter::Antialiasing);
  const QRectF inside = QRectF(rect()).adjusted(12, 10, -12, -28);
  if (!feed_.possible()) return note(tr("This model makes pictures. The space view is for models of points in the plane."), inside, Qt::AlignVCenter, colors.text);
  if (!feed_.particles()) return note(tr("The particles are on their way."), inside, Qt::AlignVCenter, colors.dim);
  if (feed_.probes().empty()) return note(tr("Click to start a particle of your own"), inside, Qt::AlignBottom, colors.dim);
  if (const auto found = feed_.probes().find(selected_); found != feed_.probes().end() && !found->second.life.empty()) {
    const PathPoint& end = found->second.life.back();
    note(tr("Particle %1 ends at %2, %3").arg(found->first).arg(formatNumber(end.x, 2), formatNumber(end.y, 2)), inside, Qt::AlignBottom, colors.dim);
  }
}

// ---- pointer and keys ----

void SpacePlane::mousePressEvent(QMouseEvent* event) {
  setFocus();
  session_.noteAction();
  pressed_at_ = last_ = event->position();
  moved_ = false;
  if (event->button() == Qt::RightButton || event->button() == Qt::MiddleButton) {
    panning_ = true;
    return;
  }
  if (event->button() != Qt::LeftButton || !feed_.possible() || !feed_.particles()) return;
  dragged_ = probeNear(event->position());
  if (!dragged_) dragged_ = feed_.startProbe(dataAt(event->position()));
  selected_ = dragged_;
  setCursor(Qt::ClosedHandCursor);
  gaps_.begin();
  update();
}

void SpacePlane::mouseMoveEvent(QMouseEvent* event) {
  const QPointF at = event->position();
  moved_ = moved_ || QLineF(at, pressed_at_).length() > kClick_px;
  if (panning_ && moved_) {
    frame_.panBy(at - last_);
    setCursor(Qt::SizeAllCursor);
    want_.start();
    update();
  } else if (dragged_ && moved_) {
    feed_.moveProbe(dragged_, dataAt(at));
  } else if (!panning_ && !dragged_) {
    setCursor(probeNear(at) ? Qt::OpenHandCursor : Qt::CrossCursor);
  }
  last_ = at;
}

void SpacePlane::mouseReleaseEvent(QMouseEvent* event) {
  if (std::exchange(panning_, false) && !moved_ && event->button() == Qt::RightButton) {
    if (const int id = probeNear(event->position())) {
      if (id == selected_) selected_ = 0;
      feed_.removeProbe(id);
    }
  }
  if (std::exchange(dragged_, 0)) gaps_.end();
  setCursor(probeNear(event->position()) ? Qt::OpenHandCursor : Qt::CrossCursor);
}

void SpacePlane::wheelEvent(QWheelEvent* event) {
  const double notches = event->angleDelta().y() != 0 ? event->angleDelta().y() / 120.0 : event->pixelDelta().y() / 60.0;
  if (notches == 0.0) return;
  frame_.zoomAt(event->position(), std::pow(1.2, notches));
  want_.start();
  update();
}

void SpacePlane::leaveEvent(QEvent*) { update(); }

bool SpacePlane::handleKey(const QKeyEvent& event) {
  const bool fine = event.modifiers() & Qt::ShiftModifier;
  if (event.modifiers() & (Qt::ControlModifier | Qt::AltModifier)) return false;
  const auto nudge = [&](double dx, double dy) {
    const QPointF px = probeAt(selected_) + QPointF(dx, dy) * (fine ? 1.0 : 8.0);
    feed_.moveProbe(selected_, dataAt(px));
    return true;
  };
  switch (event.key()) {
    case Qt::Key_Return:
    case Qt::Key_Enter:
      if (feed_.possible() && feed_.particles()) selected_ = feed_.startProbe(dataAt(QRectF(rect()).center()));
      update();
      return true;
    case Qt::Key_Delete:
    case Qt::Key_Backspace:
      if (selected_) {
        removeSelected();
      } else if (!feed_.probes().empty()) {
        feed_.removeProbe(feed_.probes().rbegin()->first);
      }
      return true;
    case Qt::Key_Left:
      return selected_ && nudge(-1, 0);
    case Qt::Key_Right:
      return selected_ && nudge(1, 0);
    case Qt::Key_Up:
      return selected_ && nudge(0, -1);
    case Qt::Key_Down:
      return selected_ && nudge(0, 1);
    case Qt::Key_F:
      return fit(), true;
    case Qt::Key_Plus:
    case Qt::Key_Equal:
      return zoomBy(1.25), true;
    case Qt::Key_Minus:
      return zoomBy(0.8), true;
    case Qt::Key_Escape:
      if (selected_) return selected_ = 0, update(), true;
      if (!feed_.probes().empty()) return feed_.clearProbes(), true;
      return false;
    default:
      return false;
  }
}

void SpacePlane::keyPressEvent(QKeyEvent* event) { event->ignore(); }  // the window hands it to handleKey

}  // namespace orrery::ui
