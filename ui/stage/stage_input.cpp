// What the pointer and the keys do on the stage.
#include <QKeyEvent>
#include <QMouseEvent>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

#include "ui/project/attached.h"
#include "ui/session/playback.h"
#include "ui/stage/stage_core.h"
#include "ui/tape/tape_desk.h"
#include "ui/tokens/token_desk.h"

namespace orrery::ui {
namespace {

constexpr double kGrab = 8.0;   // how near to the wipe's divider a press takes it
constexpr double kClick = 4.0;  // a press that moves less is a click

// 1-9 on the top row or the keypad, whatever Shift makes of it; 0 for none.
int digitOf(const QKeyEvent& event) {
  if (event.key() >= Qt::Key_1 && event.key() <= Qt::Key_9) return event.key() - Qt::Key_0;
  // X11 and Wayland name the top row's keys 10 to 18, on every layout.
  if (event.nativeScanCode() >= 10 && event.nativeScanCode() <= 18) return static_cast<int>(event.nativeScanCode()) - 9;
  return 0;
}

}  // namespace

int StageCore::viewAt(const QPointF& at) const {
  for (int view = 0; view < (single() ? 1 : session_.viewCount()); ++view) {
    if (viewRect(view).contains(at)) return view;
  }
  return -1;
}

bool StageCore::press(const QMouseEvent& event) {
  const QPointF at = event.position();
  if (drag_ == Drag::brush) return true;  // another button beside the one that paints
  cursor_ = last_ = pressed_at_ = at;
  moved_ = false;
  if (brushing() && drag_ == Drag::none && (event.button() == Qt::LeftButton || event.button() == Qt::RightButton)) {
    session_.noteAction();
    if (auto& tape = attached<TapeDesk>(session_); tape.scrubbing()) tape.live();  // the mask lies on the finished picture
    if (const int view = viewAt(at); view >= 0 && !single()) session_.setActiveView(view);
    if (!brushing()) return true;  // the view's model takes no mask
    const bool other = event.button() == Qt::RightButton || event.modifiers() & Qt::AltModifier;
    brush_.begin(inPicture(at), brush_.erasing() != other);
    if (brush_.painting()) drag_ = Drag::brush, gaps_.begin();
    return true;
  }
  if (tokening() && drag_ == Drag::none && tokenPress(event)) return true;
  if (drag_ == Drag::tokens) return true;
  if (event.button() == Qt::MiddleButton || event.button() == Qt::RightButton) {
    drag_ = Drag::pan;
    return true;
  }
  if (event.button() != Qt::LeftButton) return false;
  session_.noteAction();
  if (session_.stageMode() == StageMode::grid) return true;  // chosen on release
  if (session_.stageMode() == StageMode::wipe && std::abs(at.x() - size_.width() * wipe_) < kGrab) {
    drag_ = Drag::wipe;
    return true;
  }
  const int view = viewAt(at);
  if (view >= 0 && !single()) session_.setActiveView(view);
  if (hud_ && session_.stageMode() == StageMode::pictures && walk_.possible() && padRect().contains(at) &&
      viewRect(session_.activeView()).width() >= 3.5 * padRect().width()) {
    drag_ = Drag::pad;
    walk_.stop();
    gaps_.begin();
    return true;
  }
  if (walk_.possible()) {
    drag_ = Drag::walk;
    walk_.begin(at);
  }
  return true;
}

bool StageCore::move(const QMouseEvent& event) {
  const QPointF at = event.position(), delta = at - last_;
  cursor_ = at;
  moved_ = moved_ || QLineF(at, pressed_at_).length() > kClick;
  switch (drag_) {
    case Drag::none:
      if (tokening()) tokenMove(at);
      if (lens_ || brushing()) Q_EMIT redrawNeeded();
      return false;
    case Drag::tokens:
      tokenMove(at);
      break;
    case Drag::brush:
      brush_.move(inPicture(at));
      break;
    case Drag::walk:
      walk_.move(at, event.modifiers() & Qt::ShiftModifier, event.modifiers() & Qt::ControlModifier);
      break;
    case Drag::pan:
      if (moved_) {
        for (auto& transform : transforms_) transform.panBy(delta * ratio_);
        Q_EMIT displayChanged();
        Q_EMIT redrawNeeded();
      }
      break;
    case Drag::wipe:
      wipe_ = std::clamp(at.x() / std::max(1, size_.width()), 0.0, 1.0);
      Q_EMIT redrawNeeded();
      break;
    case Drag::pad:
      if (pad_by_imgui_) {
        Q_EMIT redrawNeeded();  // ImGui looks at the pointer when it draws
      } else if (const ControlSpec* pad = session_.firstOfKind(ControlKind::latent_pad)) {
        const auto place = session_.request().get<std::vector<double>>(pad->id, {0.0, 0.0});
        const double seeds_per_px = OverlayPad().seeds_across / padRect().width();
        padDraggedTo({place[0] - delta.x() * seeds_per_px, place[1] + delta.y() * seeds_per_px}, false);
      }
      break;
  }
  last_ = at;
  return true;
}

void StageCore::padDraggedTo(const QPointF& place, bool released) {
  if (const ControlSpec* pad = session_.firstOfKind(ControlKind::latent_pad))
    session_.setControl(pad->id, std::vector<double>{place.x(), place.y()});
  if (released) session_.endGesture();
}

bool StageCore::release(const QMouseEvent& event) {
  if (drag_ == Drag::brush && event.buttons() & (Qt::LeftButton | Qt::RightButton)) return true;  // the other button still paints
  if (drag_ == Drag::tokens && event.buttons() & (Qt::LeftButton | Qt::RightButton)) return true;
  const Drag was = std::exchange(drag_, Drag::none);
  cursor_ = event.position();
  if (was == Drag::tokens) tokenDesk().endGesture();
  if (was == Drag::walk) walk_.end();
  if (was == Drag::brush) brush_.end(), gaps_.end();
  if (was == Drag::pad) {
    if (!pad_by_imgui_) session_.endGesture();
    gaps_.end();
    Q_EMIT redrawNeeded();
  }
  if (was == Drag::pan && !moved_ && event.button() == Qt::RightButton) Q_EMIT contextMenuWanted(event.position());
  if (was == Drag::none && event.button() == Qt::LeftButton && session_.stageMode() == StageMode::grid && !moved_) {
    const auto rects = gridRects();
    for (std::size_t cell = 0; cell < rects.size(); ++cell) {
      if (rects[cell].contains(event.position())) Q_EMIT gridCellChosen(static_cast<int>(cell));
    }
  }
  return true;
}

bool StageCore::doubleClick(const QMouseEvent& event) {
  if (event.button() == Qt::LeftButton && session_.stageMode() == StageMode::wipe &&
      std::abs(event.position().x() - size_.width() * wipe_) < kGrab) {
    wipe_ = 0.5;
    Q_EMIT redrawNeeded();
    return true;
  }
  return press(event);
}

bool StageCore::wheel(const QWheelEvent& event) {
  if (session_.stageMode() == StageMode::grid) return false;
  const double notches =
      event.pixelDelta().y() != 0 && event.angleDelta().y() == 0 ? event.pixelDelta().y() / 60.0 : event.angleDelta().y() / 120.0;
  if (notches == 0.0) return false;
  const double factor = std::pow(1.25, notches);
  const int under = std::max(0, viewAt(event.position()));
  const QPointF inside = event.position() - viewRect(under).topLeft();
  // All views together, each at the same place of its own.
  for (int view = 0; view < Session::kMaxViews; ++view) {
    const QPointF at = single() ? event.position() : viewRect(view).topLeft() + inside;
    transforms_[view].zoomAt(at * ratio_, factor);
  }
  Q_EMIT displayChanged();
  Q_EMIT redrawNeeded();
  return true;
}

void StageCore::leave() {
  cursor_ = {-1, -1};
  if (tokening()) tokenDesk().setHover(-1);
  if (lens_ || brushing()) Q_EMIT redrawNeeded();
}

bool StageCore::brushKey(const QKeyEvent& event) {
  const double radius = brush_.radius();
  switch (event.key()) {
    case Qt::Key_BracketLeft:
      return brush_.setRadius(std::min(radius - 0.5, radius / 1.25)), true;
    case Qt::Key_BracketRight:
      return brush_.setRadius(std::max(radius + 0.5, radius * 1.25)), true;
    case Qt::Key_X:
      return brush_.setErasing(!brush_.erasing()), true;
    case Qt::Key_I:
      return brush_.invert(), true;
    case Qt::Key_Delete:
    case Qt::Key_Backspace:
      return brush_.clear(), true;
    case Qt::Key_Escape:
      return session_.setBrush(false), true;
    default:
      return false;
  }
}

bool StageCore::key(const QKeyEvent& event) {
  const auto modifiers = event.modifiers() & (Qt::ShiftModifier | Qt::ControlModifier | Qt::AltModifier);
  if (const int digit = digitOf(event)) {
    if (modifiers == Qt::NoModifier) return session_.recallPosition(digit - 1), true;
    if (modifiers == Qt::ShiftModifier || modifiers == Qt::ControlModifier) return session_.storePosition(digit - 1), true;
    return false;
  }
  if (modifiers == Qt::NoModifier && tokening() && tokenKey(event)) return true;
  const bool fine = modifiers == Qt::ShiftModifier;
  const double step = fine ? 0.02 : modifiers == Qt::ControlModifier ? 1.0 : 0.1;
  switch (event.key()) {
    case Qt::Key_Left:
      return walk_.stepBy({-step, 0}), true;
    case Qt::Key_Right:
      return walk_.stepBy({step, 0}), true;
    case Qt::Key_Up:
      return walk_.stepBy({0, step}), true;
    case Qt::Key_Down:
      return walk_.stepBy({0, -step}), true;
    default:
      break;
  }
  if (modifiers & (Qt::ControlModifier | Qt::AltModifier)) return false;
  if (brushing() && brushKey(event)) return true;
  switch (event.key()) {
    case Qt::Key_B:
      if (fine) return attached<TapeDesk>(session_).branch(), true;
      return session_.setBrush(!session_.brush()), true;
    case Qt::Key_T:
      return tokenDesk().setOn(!tokenDesk().on()), true;
    case Qt::Key_R:
      return walk_.stop(), session_.randomise(), true;
    case Qt::Key_H:
      return setHud(!hud_), true;
    case Qt::Key_L:
      return setLens(!lens_), true;
    case Qt::Key_F:
      return fit(), true;
    case Qt::Key_Z:
      return oneToOne(), true;
    case Qt::Key_S:
      return setSmooth(!smooth_), true;
    case Qt::Key_G:
      return session_.setStageMode(session_.stageMode() == StageMode::grid ? StageMode::pictures : StageMode::grid), true;
    case Qt::Key_W:
      return session_.setStageMode(session_.stageMode() == StageMode::wipe ? StageMode::pictures : StageMode::wipe), true;
    case Qt::Key_D:
      return session_.setStageMode(session_.stageMode() == StageMode::difference ? StageMode::pictures : StageMode::difference), true;
    case Qt::Key_P:
      return session_.setStageMode(session_.stageMode() == StageMode::spectrum ? StageMode::pictures : StageMode::spectrum), true;
    case Qt::Key_X:
      return session_.setStageMode(session_.stageMode() == StageMode::space ? StageMode::pictures : StageMode::space), true;
    case Qt::Key_C:
      return session_.setStageMode(session_.stageMode() == StageMode::race ? StageMode::pictures : StageMode::race), true;
    case Qt::Key_Plus:
    case Qt::Key_Equal:
      return zoomBy(1.25), true;
    case Qt::Key_Minus:
      return zoomBy(0.8), true;
    case Qt::Key_BracketLeft:
      return walk_.setSpeed(walk_.speedPer100Px() / 1.25),
             session_.say(tr("Walking speed: %1 seeds per 100 px").arg(walk_.speedPer100Px(), 0, 'f', 2)), true;
    case Qt::Key_BracketRight:
      return walk_.setSpeed(walk_.speedPer100Px() * 1.25),
             session_.say(tr("Walking speed: %1 seeds per 100 px").arg(walk_.speedPer100Px(), 0, 'f', 2)), true;
    case Qt::Key_Space:
      if (session_.playback().path().tracks.empty()) {
        session_.say(tr("Nothing to play yet: store two places with Shift+1 and Shift+2, or set keys in the timeline."));
      } else {
        session_.noteAction();
        session_.playback().toggle();
      }
      return true;
    case Qt::Key_Comma:
      return attached<TapeDesk>(session_).scrubBy(-1), true;
    case Qt::Key_Period:
      return attached<TapeDesk>(session_).scrubBy(1), true;
    case Qt::Key_End:
      return attached<TapeDesk>(session_).live(), true;
    case Qt::Key_Escape:
      if (attached<TapeDesk>(session_).scrubbing()) return attached<TapeDesk>(session_).live(), true;
      if (session_.stageMode() != StageMode::pictures) return session_.setStageMode(StageMode::pictures), true;
      return false;
    default:
      return false;
  }
}

Qt::CursorShape StageCore::cursor() const {
  if (drag_ == Drag::pan && moved_) return Qt::ClosedHandCursor;
  if (session_.stageMode() == StageMode::wipe && (drag_ == Drag::wipe || std::abs(cursor_.x() - size_.width() * wipe_) < kGrab))
    return Qt::SplitHCursor;
  if (session_.stageMode() == StageMode::grid) return Qt::PointingHandCursor;
  if (lens_ || brushing() || tokening()) return Qt::CrossCursor;
  if (drag_ == Drag::walk || drag_ == Drag::pad) return Qt::ClosedHandCursor;
  return walk_.possible() ? Qt::OpenHandCursor : Qt::ArrowCursor;
}

}  // namespace orrery::ui
