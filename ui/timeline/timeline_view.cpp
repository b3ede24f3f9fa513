#include "ui/timeline/timeline_view.h"

#include <QApplication>
#include <QContextMenuEvent>
#include <QHelpEvent>
#include <QMenu>
#include <QPainter>
#include <QPainterPath>
#include <QScrollBar>
#include <QToolTip>
#include <algorithm>
#include <cmath>

#include "ui/session/playback.h"
#include "ui/style/colors.h"
#include "ui/timeline/value_text.h"
#include "ui/widgets/counted.h"

namespace orrery::ui {
namespace {

constexpr int kRulerPx = 26;
constexpr int kLabelGapPx = 8;  // beside its mark: the play head stands on the first one
constexpr int kRowPx = 28;
constexpr int kSidePx = 14;   // room for half a diamond at either end
constexpr int kKeyPx = 6;     // half a diamond
constexpr double kMostZoom = 64.0;

QString easingName(Easing easing) {
  switch (easing) {
    case Easing::linear: return TimelineView::tr("Linear");
    case Easing::smooth: return TimelineView::tr("Smooth");
    case Easing::ease_in: return TimelineView::tr("Ease in");
    case Easing::ease_out: return TimelineView::tr("Ease out");
    case Easing::hold: return TimelineView::tr("Hold");
  }
  return {};
}

}  // namespace

TimelineView::TimelineView(Session& session, QWidget* parent) : QAbstractScrollArea(parent), session_(session) {
  setAccessibleName(tr("Timeline tracks"));
  setAccessibleDescription(tr("Arrow keys move the play head or the chosen keys, Page Up and Page Down go from key to key, Insert sets a key, Delete removes it."));
  setFocusPolicy(Qt::StrongFocus);
  setFrameShape(QFrame::NoFrame);
  viewport()->setMouseTracking(true);
  setVerticalScrollBarPolicy(Qt::ScrollBarAsNeeded);
  connect(&session, &Session::timelineChanged, this, [this] {
    keepOnly();
    updateScrollBars();
    viewport()->update();
  });
  connect(&session, &Session::viewModelChanged, viewport(), qOverload<>(&QWidget::update));
  connect(&session.playback(), &Playback::timeChanged, viewport(), qOverload<>(&QWidget::update));
}

QString TimelineView::labelOf(const std::string& control) const {
  if (const ControlSpec* spec = session_.spec(control)) return QStringLiteral("%1: %2").arg(QString::fromStdString(spec->section), QString::fromStdString(spec->label));
  return QString::fromStdString(control);
}

// ---- geometry ----

TimeScale TimelineView::scale() const {
  const double room = std::max(40, viewport()->width() - kHeaderPx - 2 * kSidePx);
  return {kHeaderPx + kSidePx - static_cast<double>(horizontalScrollBar()->value()), zoom_ * room / timeline().duration_s};
}

int TimelineView::rowTop(int row) const { return kRulerPx + row * kRowPx - verticalScrollBar()->value(); }

int TimelineView::rowAt(int y) const {
  if (y < kRulerPx) return -1;
  const int row = (y - kRulerPx + verticalScrollBar()->value()) / kRowPx;
  return row < static_cast<int>(timeline().tracks.size()) ? row : -1;
}

QPoint TimelineView::keyPosition(const KeyRef& key) const {
  for (int row = 0; row < static_cast<int>(timeline().tracks.size()); ++row) {
    if (timeline().tracks[row].control == key.control) return {static_cast<int>(std::lround(scale().x(key.time_s))), rowTop(row) + kRowPx / 2};
  }
  return {};
}

QPoint TimelineView::rulerPosition(double time_s) const { return {static_cast<int>(std::lround(scale().x(time_s))), kRulerPx / 2}; }

std::optional<KeyRef> TimelineView::keyAt(const QPoint& at) const {
  const int row = rowAt(at.y());
  if (row < 0 || at.x() < kHeaderPx) return std::nullopt;
  const TimeScale scale = this->scale();
  const Track& track = timeline().tracks[row];
  std::optional<KeyRef> best;
  double nearest = kKeyPx + 4;
  for (const auto& key : track.keys) {
    const double d = std::abs(scale.x(key.time_s) - at.x());
    if (d <= nearest) {
      nearest = d;
      best = KeyRef{track.control, key.time_s};
    }
  }
  return best;
}

void TimelineView::updateScrollBars() {
  const double room = std::max(40, viewport()->width() - kHeaderPx - 2 * kSidePx);
  horizontalScrollBar()->setRange(0, static_cast<int>(std::lround(room * (zoom_ - 1.0))));
  horizontalScrollBar()->setPageStep(static_cast<int>(room));
  const int rows = kRowPx * static_cast<int>(timeline().tracks.size());
  const int space = viewport()->height() - kRulerPx;
  verticalScrollBar()->setRange(0, std::max(0, rows - space));
  verticalScrollBar()->setPageStep(std::max(1, space));
  verticalScrollBar()->setSingleStep(kRowPx);
}

void TimelineView::resizeEvent(QResizeEvent*) { updateScrollBars(); }

void TimelineView::zoom(double factor, double at_x_px) {
  const double time = scale().time(at_x_px);
  zoom_ = std::clamp(zoom_ * factor, 1.0, kMostZoom);
  updateScrollBars();
  horizontalScrollBar()->setValue(static_cast<int>(std::lround(horizontalScrollBar()->value() + scale().x(time) - at_x_px)));
  viewport()->update();
}

void TimelineView::zoomToFit() { zoom(1.0 / kMostZoom, kHeaderPx); }

// ---- selection ----

bool TimelineView::selected(const KeyRef& key) const {
  return std::any_of(selection_.begin(), selection_.end(), [&](const KeyRef& one) { return one.control == key.control && sameFrame(timeline(), one.time_s, key.time_s); });
}

void TimelineView::select(std::vector<KeyRef> keys) {
  if (keys == selection_) return;
  selection_ = std::move(keys);
  if (!selection_.empty()) setCurrentTrack(selection_.front().control);
  viewport()->update();
  Q_EMIT selectionChanged();
}

void TimelineView::setCurrentTrack(const std::string& control) {
  if (control == current_) return;
  current_ = control;
  viewport()->update();
  Q_EMIT currentTrackChanged();
}

// After a change from elsewhere (undo): forget what is gone.
void TimelineView::keepOnly() {
  std::vector<KeyRef> left;
  for (const auto& key : selection_) {
    if (findKey(timeline(), key)) left.push_back(key);
  }
  if (!findTrack(timeline(), current_)) setCurrentTrack(timeline().tracks.empty() ? std::string() : timeline().tracks.front().control);
  if (drag_ != Drag::keys) select(std::move(left));
  Q_EMIT selectionChanged();  // the values may be others
}

void TimelineView::deleteSelection() {
  if (selection_.empty()) return;
  session_.endGesture();
  session_.setTimeline(withoutKeys(timeline(), selection_), counted(qint64(selection_.size()), tr("Remove key"), tr("Remove %1 keys")));
  session_.endGesture();
}

void TimelineView::setEasing(Easing easing) {
  if (selection_.empty()) return;
  session_.endGesture();
  session_.setTimeline(withEasing(timeline(), selection_, easing), tr("Easing: %1").arg(easingName(easing)));
  session_.endGesture();
}

void TimelineView::nudge(int frames) {
  std::vector<KeyRef> moved;
  const Timeline next = withKeysMoved(timeline(), selection_, frames * frameLength(timeline()), &moved);
  session_.setTimeline(next, tr("Move keys"));
  select(moved);
}

void TimelineView::stepToKey(bool forward) {
  const auto times = allKeyTimes(timeline());
  const double now = session_.playback().time_s();
  const double half = 0.5 * frameLength(timeline());
  if (forward) {
    const auto next = std::find_if(times.begin(), times.end(), [&](double t) { return t > now + half; });
    if (next != times.end()) session_.playback().seek(*next);
  } else {
    const auto previous = std::find_if(times.rbegin(), times.rend(), [&](double t) { return t < now - half; });
    if (previous != times.rend()) session_.playback().seek(*previous);
  }
}

// ---- the mouse ----

void TimelineView::scrub(double x_px) { session_.playback().seek(snapped(timeline(), scale().time(x_px))); }

void TimelineView::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  press_ = event->pos();
  const int row = rowAt(press_.y());
  if (row >= 0) setCurrentTrack(timeline().tracks[row].control);
  if (press_.y() < kRulerPx && press_.x() >= kHeaderPx) {
    session_.playback().stop();
    drag_ = Drag::head;
    return scrub(press_.x());
  }
  if (const auto key = keyAt(press_)) {
    const bool add = event->modifiers() & (Qt::ControlModifier | Qt::ShiftModifier);
    auto keys = selection_;
    if (!selected(*key)) {
      if (!add) keys.clear();
      keys.push_back(*key);
    } else if (add) {
      std::erase_if(keys, [&](const KeyRef& one) { return one.control == key->control && sameFrame(timeline(), one.time_s, key->time_s); });
    }
    select(std::move(keys));
    drag_ = Drag::keys;
    before_ = timeline();
    drag_from_ = selection_;
    session_.endGesture();
    return;
  }
  if (press_.x() >= kHeaderPx) {
    drag_ = Drag::band;
    band_ = {};
    if (!(event->modifiers() & (Qt::ControlModifier | Qt::ShiftModifier))) select({});
  }
}

void TimelineView::mouseMoveEvent(QMouseEvent* event) {
  const QPoint at = event->pos();
  switch (drag_) {
    case Drag::none:
      viewport()->setCursor(keyAt(at) ? Qt::SizeHorCursor : Qt::ArrowCursor);
      return;
    case Drag::head: return scrub(at.x());
    case Drag::keys: {
      if ((at - press_).manhattanLength() < 3 && timeline_to_json(timeline()) == timeline_to_json(before_)) return;
      std::vector<KeyRef> moved;
      const Timeline next = withKeysMoved(before_, drag_from_, (at.x() - press_.x()) / scale().px_per_s, &moved);
      session_.setTimeline(next, tr("Move keys"));
      select(moved);
      return;
    }
    case Drag::band: {
      band_ = QRect(press_, at).normalized();
      std::vector<KeyRef> keys;
      for (const auto& track : timeline().tracks) {
        for (const auto& key : track.keys) {
          const KeyRef ref{track.control, key.time_s};
          if (band_.contains(keyPosition(ref))) keys.push_back(ref);
        }
      }
      select(std::move(keys));
      viewport()->update();
    }
  }
}

void TimelineView::mouseReleaseEvent(QMouseEvent*) {
  if (drag_ == Drag::keys) session_.endGesture();
  drag_ = Drag::none;
  band_ = {};
  viewport()->update();
}

void TimelineView::mouseDoubleClickEvent(QMouseEvent* event) {
  const int row = rowAt(event->pos().y());
  if (row < 0 || event->pos().x() < kHeaderPx || keyAt(event->pos())) return mousePressEvent(event);
  // A new key holds what the path shows at that moment, so the picture does not jump.
  const double time = snapped(timeline(), scale().time(event->pos().x()));
  const std::string control = timeline().tracks[row].control;
  const Request there = request_at(timeline(), time);
  session_.endGesture();
  session_.setTimeline(withKey(timeline(), control, time, there.values.at(control)), tr("Set key"));
  session_.endGesture();
  select({{control, time}});
  session_.playback().seek(time);
}

void TimelineView::wheelEvent(QWheelEvent* event) {
  if (event->modifiers() & Qt::ControlModifier) return zoom(std::pow(1.2, event->angleDelta().y() / 120.0), event->position().x());
  if (event->modifiers() & Qt::ShiftModifier || std::abs(event->angleDelta().x()) > std::abs(event->angleDelta().y())) {
    const int delta = event->angleDelta().x() != 0 ? event->angleDelta().x() : event->angleDelta().y();
    horizontalScrollBar()->setValue(horizontalScrollBar()->value() - delta);
    return;
  }
  verticalScrollBar()->setValue(verticalScrollBar()->value() - event->angleDelta().y() / 4);
}

void TimelineView::contextMenuEvent(QContextMenuEvent* event) {
  const QPoint at = event->reason() == QContextMenuEvent::Keyboard && !selection_.empty() ? keyPosition(selection_.front()) : viewport()->mapFrom(this, event->pos());
  if (const auto key = keyAt(at); key && !selected(*key)) select({*key});
  QMenu menu(this);
  const bool any = !selection_.empty();
  for (const Easing easing : {Easing::linear, Easing::smooth, Easing::ease_in, Easing::ease_out, Easing::hold}) {
    QAction* action = menu.addAction(easingName(easing), this, [this, easing] { setEasing(easing); });
    action->setCheckable(true);
    action->setEnabled(any);
    const Keyframe* first = any ? findKey(timeline(), selection_.front()) : nullptr;
    action->setChecked(first && first->easing == easing);
  }
  menu.addSeparator();
  menu.addAction(tr("Remove keys"), this, &TimelineView::deleteSelection)->setEnabled(any);
  const int row = rowAt(at.y());
  if (row >= 0) {
    const std::string control = timeline().tracks[row].control;
    menu.addAction(tr("Remove track \"%1\"").arg(labelOf(control)), this, [this, control] {
      session_.endGesture();
      session_.setTimeline(withoutTrack(timeline(), control), tr("Remove track"));
      session_.endGesture();
    });
  }
  menu.addAction(tr("Show the whole path"), this, &TimelineView::zoomToFit);
  menu.exec(viewport()->mapToGlobal(at));
}

// ---- the keyboard ----

void TimelineView::keyPressEvent(QKeyEvent* event) {
  const int frames = event->modifiers() & Qt::ShiftModifier ? 10 : 1;
  const double frame = frameLength(timeline());
  auto& playback = session_.playback();
  const auto& tracks = timeline().tracks;
  const auto current = std::find_if(tracks.begin(), tracks.end(), [this](const Track& track) { return track.control == current_; });
  switch (event->key()) {
    case Qt::Key_Left:
    case Qt::Key_Right: {
      const int step = event->key() == Qt::Key_Left ? -frames : frames;
      if (selection_.empty()) {
        playback.seek(snapped(timeline(), playback.time_s() + step * frame));
      } else {
        nudge(step);
      }
      return;
    }
    case Qt::Key_Up:
      if (current != tracks.end() && current != tracks.begin()) setCurrentTrack((current - 1)->control);
      return;
    case Qt::Key_Down:
      if (current != tracks.end() && current + 1 != tracks.end()) setCurrentTrack((current + 1)->control);
      return;
    case Qt::Key_Home: return playback.seek(0.0);
    case Qt::Key_End: return playback.seek(timeline().duration_s);
    case Qt::Key_PageUp: return stepToKey(false);
    case Qt::Key_PageDown: return stepToKey(true);
    case Qt::Key_Delete:
    case Qt::Key_Backspace: return deleteSelection();
    case Qt::Key_Escape:
      if (selection_.empty()) break;
      return select({});
    case Qt::Key_Return:
    case Qt::Key_Enter:  // choose the key of the current track that lies under the play head
      if (const KeyRef here{current_, playback.time_s()}; findKey(timeline(), here)) select({here});
      return;
    case Qt::Key_Insert:
      if (!current_.empty()) session_.toggleKeyframe(current_);
      return;
    case Qt::Key_Plus:
    case Qt::Key_Equal: return zoom(1.5, scale().x(playback.time_s()));
    case Qt::Key_Minus: return zoom(1.0 / 1.5, scale().x(playback.time_s()));
    default: break;
  }
  QAbstractScrollArea::keyPressEvent(event);
}

bool TimelineView::viewportEvent(QEvent* event) {
  if (event->type() == QEvent::ToolTip) {
    const auto* help = static_cast<QHelpEvent*>(event);
    const auto key = keyAt(help->pos());
    const Keyframe* frame = key ? findKey(timeline(), *key) : nullptr;
    if (frame) {
      QToolTip::showText(help->globalPos(), QStringLiteral("%1\n%2  %3  %4").arg(labelOf(key->control), timeText(frame->time_s), valueText(frame->value), easingName(frame->easing)).toHtmlEscaped().replace(QLatin1Char('\n'), QLatin1String("<br>")), viewport());
    } else {
      QToolTip::hideText();
    }
    return true;
  }
  return QAbstractScrollArea::viewportEvent(event);
}

// ---- painting ----

void TimelineView::paintRuler(QPainter& painter) {
  const Colors& colors = colorsOf(QApplication::palette());
  const TimeScale scale = this->scale();
  painter.fillRect(QRect(0, 0, viewport()->width(), kRulerPx), colors.panel);
  painter.setClipRect(QRect(kHeaderPx, 0, viewport()->width() - kHeaderPx, viewport()->height()));
  const double every = scale.markEvery();
  const QFontMetrics metrics(font());
  for (double t = 0.0; t <= timeline().duration_s + 1e-9; t += every) {
    const double x = scale.x(t);
    painter.setPen(colors.line);
    painter.drawLine(QPointF(x, kRulerPx - 7), QPointF(x, timeline().tracks.empty() ? kRulerPx : viewport()->height()));
    painter.setPen(colors.dim);
    const QString text = timeText(t, every < 1.0 ? (every < 0.1 ? 2 : 1) : 0);
    if (x + kLabelGapPx + metrics.horizontalAdvance(text) < viewport()->width()) painter.drawText(QPointF(x + kLabelGapPx, kRulerPx - 9), text);
  }
  painter.setPen(colors.faint);
  for (double t = 0.0; t <= timeline().duration_s + 1e-9; t += every / 5.0) painter.drawLine(QPointF(scale.x(t), kRulerPx - 4), QPointF(scale.x(t), kRulerPx));
  // Beyond the end there is no path.
  const int end = static_cast<int>(scale.x(timeline().duration_s));
  QColor veil = colors.window;
  veil.setAlphaF(0.6F);
  painter.fillRect(QRect(end + 1, 0, viewport()->width(), viewport()->height()), veil);
  painter.setClipping(false);
}

void TimelineView::paintTrack(QPainter& painter, int row) {
  const Colors& colors = colorsOf(QApplication::palette());
  const QColor accent = QApplication::palette().color(QPalette::Highlight);
  const Track& track = timeline().tracks[row];
  const TimeScale scale = this->scale();
  const int top = rowTop(row), middle = top + kRowPx / 2;
  const bool current = track.control == current_;
  if (current) painter.fillRect(QRect(0, top, viewport()->width(), kRowPx), colors.field);

  painter.save();
  painter.setClipRect(QRect(kHeaderPx, kRulerPx, viewport()->width() - kHeaderPx, viewport()->height()), Qt::IntersectClip);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.setPen(QPen(colors.line, 1));
  painter.drawLine(QPointF(scale.x(0), middle + 0.5), QPointF(scale.x(timeline().duration_s), middle + 0.5));
  // A bar where the value is on its way from one key to the next.
  for (std::size_t i = 0; i + 1 < track.keys.size(); ++i) {
    if (track.keys[i].value == track.keys[i + 1].value || track.keys[i].easing == Easing::hold) continue;
    QColor bar = accent;
    bar.setAlphaF(current ? 0.65F : 0.4F);
    painter.setPen(QPen(bar, 3));
    painter.drawLine(QPointF(scale.x(track.keys[i].time_s), middle + 0.5), QPointF(scale.x(track.keys[i + 1].time_s), middle + 0.5));
  }
  if (timeline().loop && track.keys.size() > 1) {
    painter.setPen(QPen(accent, 1, Qt::DotLine));
    painter.drawLine(QPointF(scale.x(track.keys.back().time_s), middle + 0.5), QPointF(scale.x(timeline().duration_s), middle + 0.5));
    painter.drawLine(QPointF(scale.x(0), middle + 0.5), QPointF(scale.x(track.keys.front().time_s), middle + 0.5));
  }
  for (const auto& key : track.keys) {
    const double x = scale.x(key.time_s);
    QPainterPath diamond;
    diamond.moveTo(x - kKeyPx, middle + 0.5);
    diamond.lineTo(x, middle + 0.5 - kKeyPx);
    // A key that holds has a square right side: the value steps.
    if (key.easing == Easing::hold) {
      diamond.lineTo(x + kKeyPx - 1, middle + 0.5 - kKeyPx);
      diamond.lineTo(x + kKeyPx - 1, middle + 0.5 + kKeyPx);
    } else {
      diamond.lineTo(x + kKeyPx, middle + 0.5);
    }
    diamond.lineTo(x, middle + 0.5 + kKeyPx);
    diamond.closeSubpath();
    const bool chosen = selected({track.control, key.time_s});
    painter.setPen(QPen(chosen ? colors.text : colors.window, chosen ? 1.5 : 1));
    painter.setBrush(chosen ? accent : (current ? colors.text : colors.dim));
    painter.drawPath(diamond);
  }
  painter.restore();

  const QRect header(0, top, kHeaderPx - 1, kRowPx);
  painter.fillRect(header, current ? colors.field : colors.panel);
  const double now = session_.playback().time_s();
  const Request there = request_at(timeline(), now);
  const auto value = there.values.find(track.control);
  const QFontMetrics metrics(font());
  const QString number = value == there.values.end() ? QString() : metrics.elidedText(valueText(value->second), Qt::ElideRight, 64);
  const int number_width = metrics.horizontalAdvance(number);
  const ControlSpec* spec = session_.spec(track.control);
  const QString name = spec ? QString::fromStdString(spec->label) : QString::fromStdString(track.control);
  painter.setPen(spec ? colors.text : colors.dim);
  painter.drawText(header.adjusted(10, 0, -number_width - 14, 0), Qt::AlignVCenter | Qt::AlignLeft, metrics.elidedText(name, Qt::ElideRight, kHeaderPx - 24 - number_width));
  painter.setPen(colors.dim);
  painter.drawText(header.adjusted(0, 0, -8, 0), Qt::AlignVCenter | Qt::AlignRight, number);
}

void TimelineView::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(QApplication::palette());
  const QColor accent = QApplication::palette().color(QPalette::Highlight);
  QPainter painter(viewport());
  painter.fillRect(viewport()->rect(), colors.panel);
  paintRuler(painter);
  for (int row = 0; row < static_cast<int>(timeline().tracks.size()); ++row) {
    if (rowTop(row) + kRowPx > kRulerPx && rowTop(row) < viewport()->height()) {
      painter.save();
      painter.setClipRect(QRect(0, kRulerPx, viewport()->width(), viewport()->height()));
      paintTrack(painter, row);
      painter.restore();
    }
  }
  painter.fillRect(QRect(0, 0, kHeaderPx - 1, kRulerPx), colors.panel);
  painter.setPen(colors.line);
  painter.drawLine(kHeaderPx - 1, 0, kHeaderPx - 1, viewport()->height());
  painter.setPen(colors.dim);
  if (timeline().tracks.empty()) {
    const QRect room(kHeaderPx + kSidePx, kRulerPx, viewport()->width() - kHeaderPx - 2 * kSidePx, viewport()->height() - kRulerPx);
    painter.drawText(room, Qt::AlignCenter | Qt::TextWordWrap, tr("Press the diamond beside a control to set a key here,\nor store positions with Shift+1 to 9 and make a path of them."));
  }
  painter.setClipRect(QRect(kHeaderPx, 0, viewport()->width() - kHeaderPx, viewport()->height()));
  painter.setRenderHint(QPainter::Antialiasing);
  const double x = scale().x(session_.playback().time_s());
  painter.setPen(QPen(accent, 1.5));
  painter.drawLine(QPointF(x, kRulerPx - 8), QPointF(x, viewport()->height()));
  painter.setBrush(accent);
  painter.setPen(Qt::NoPen);
  painter.drawPolygon(QPolygonF{QPointF(x - 5, 10), QPointF(x + 5, 10), QPointF(x + 5, 15), QPointF(x, 20), QPointF(x - 5, 15)});
  if (!band_.isNull()) {
    QColor fill = accent;
    fill.setAlphaF(0.12F);
    painter.setBrush(fill);
    painter.setPen(accent);
    painter.drawRect(band_);
  }
  if (hasFocus()) {
    painter.setClipping(false);
    painter.setBrush(Qt::NoBrush);
    painter.setPen(accent);
    painter.drawRect(QRectF(viewport()->rect()).adjusted(0.5, 0.5, -0.5, -0.5));
  }
}

}  // namespace orrery::ui
