#include "ui/timeline/curve_view.h"

#include <QLocale>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QScrollBar>
#include <algorithm>
#include <cmath>

#include "ui/session/playback.h"
#include "ui/style/colors.h"
#include "ui/timeline/value_text.h"

namespace orrery::ui {
namespace {

constexpr int kMarginPx = 14;
constexpr int kGripPx = 9;

}  // namespace

std::vector<double> numbersOf(const Value& value) {
  if (const auto* number = std::get_if<double>(&value)) return {*number};
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return {static_cast<double>(*whole)};
  if (const auto* list = std::get_if<std::vector<double>>(&value)) return *list;
  return {};
}

Value withNumber(Value value, int component, double number) {
  if (auto* single = std::get_if<double>(&value)) *single = number;
  if (auto* whole = std::get_if<std::int64_t>(&value)) *whole = std::llround(number);
  if (auto* list = std::get_if<std::vector<double>>(&value); list && component < static_cast<int>(list->size())) (*list)[component] = number;
  return value;
}

CurveView::CurveView(Session& session, TimelineView& tracks, QWidget* parent) : QWidget(parent), session_(session), tracks_(tracks) {
  setAccessibleName(tr("Curve of the chosen track"));
  setAccessibleDescription(tr("The same values can be typed in the key's fields above."));
  setMouseTracking(true);
  setMinimumHeight(90);
  connect(&session, &Session::timelineChanged, this, qOverload<>(&QWidget::update));
  connect(&session.playback(), &Playback::timeChanged, this, qOverload<>(&QWidget::update));
  connect(&tracks, &TimelineView::currentTrackChanged, this, qOverload<>(&QWidget::update));
  connect(&tracks, &TimelineView::selectionChanged, this, qOverload<>(&QWidget::update));
  connect(tracks.horizontalScrollBar(), &QScrollBar::valueChanged, this, qOverload<>(&QWidget::update));
  connect(tracks.horizontalScrollBar(), &QScrollBar::rangeChanged, this, qOverload<>(&QWidget::update));
}

const Track* CurveView::track() const { return findTrack(session_.timeline(), tracks_.currentTrack()); }

CurveView::Range CurveView::range() const {
  if (grip_) return drag_range_;  // the ground must not move under the hand
  Range range{1e300, -1e300};
  const Track* track = this->track();
  if (!track) return {};
  for (const auto& key : track->keys) {
    for (const double value : numbersOf(key.value)) {
      range.low = std::min(range.low, value);
      range.high = std::max(range.high, value);
    }
  }
  if (const ControlSpec* spec = session_.spec(track->control); spec && spec->kind == ControlKind::slider) {
    range.low = std::min(range.low, spec->min);
    range.high = std::max(range.high, spec->max);
  }
  if (range.low > range.high) return {};
  const double margin = range.high > range.low ? 0.05 * (range.high - range.low) : 0.5;
  return {range.low - margin, range.high + margin};
}

double CurveView::y(double value, const Range& range) const { return height() - kMarginPx - (value - range.low) / (range.high - range.low) * (height() - 2 * kMarginPx); }

QPoint CurveView::keyPosition(const KeyRef& key, int component) const {
  const Keyframe* frame = findKey(session_.timeline(), key);
  if (!frame) return {};
  const auto numbers = numbersOf(frame->value);
  if (component >= static_cast<int>(numbers.size())) return {};
  return QPointF(tracks_.scale().x(frame->time_s), y(numbers[component], range())).toPoint();
}

std::optional<CurveView::Grip> CurveView::gripAt(const QPoint& at) const {
  const Track* track = this->track();
  if (!track) return std::nullopt;
  std::optional<Grip> best;
  int nearest = kGripPx;
  for (const auto& key : track->keys) {
    const int count = static_cast<int>(numbersOf(key.value).size());
    for (int component = 0; component < count; ++component) {
      const KeyRef ref{track->control, key.time_s};
      const int d = (keyPosition(ref, component) - at).manhattanLength();
      if (d < nearest) {
        nearest = d;
        best = Grip{ref, component};
      }
    }
  }
  return best;
}

void CurveView::mousePressEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton) return;
  const auto grip = gripAt(event->pos());
  if (!grip) {
    session_.playback().seek(snapped(session_.timeline(), tracks_.scale().time(event->pos().x())));
    return;
  }
  drag_range_ = range();
  grip_ = grip;
  tracks_.select({grip->key});
  session_.endGesture();
}

void CurveView::drag(const QPoint& at) {
  const Range range = drag_range_;
  double value = range.low + (height() - kMarginPx - at.y()) / static_cast<double>(height() - 2 * kMarginPx) * (range.high - range.low);
  if (const ControlSpec* spec = session_.spec(grip_->key.control); spec && (spec->kind == ControlKind::slider || spec->kind == ControlKind::integer)) value = std::clamp(value, spec->min, spec->max);
  const Keyframe* frame = findKey(session_.timeline(), grip_->key);
  if (!frame) return;
  Timeline next = withKey(session_.timeline(), grip_->key.control, grip_->key.time_s, withNumber(frame->value, grip_->component, value));
  // A key does not pass its neighbours here: the curve would jump.
  const Track* track = findTrack(next, grip_->key.control);
  double earliest = 0.0, latest = next.duration_s;
  for (const auto& key : track->keys) {
    if (key.time_s < grip_->key.time_s - 0.5 * frameLength(next)) earliest = std::max(earliest, key.time_s + frameLength(next));
    if (key.time_s > grip_->key.time_s + 0.5 * frameLength(next)) latest = std::min(latest, key.time_s - frameLength(next));
  }
  const double time = std::clamp(snapped(next, tracks_.scale().time(at.x())), earliest, std::max(earliest, latest));
  std::vector<KeyRef> moved;
  next = withKeysMoved(next, {grip_->key}, time - grip_->key.time_s, &moved);
  if (!moved.empty()) grip_->key = moved.front();
  session_.setTimeline(next, tr("Move key on its curve"));
  tracks_.select({grip_->key});
}

void CurveView::mouseMoveEvent(QMouseEvent* event) {
  if (grip_ && (event->buttons() & Qt::LeftButton)) return drag(event->pos());
  if (event->buttons() & Qt::LeftButton) return session_.playback().seek(snapped(session_.timeline(), tracks_.scale().time(event->pos().x())));
  setCursor(gripAt(event->pos()) ? Qt::SizeAllCursor : Qt::ArrowCursor);
}

void CurveView::mouseReleaseEvent(QMouseEvent*) {
  if (!grip_) return;
  grip_.reset();
  session_.endGesture();
  update();
}

void CurveView::paintEvent(QPaintEvent*) {
  const Colors& colors = colorsOf(palette());
  QPainter painter(this);
  painter.fillRect(rect(), colors.panel);
  painter.setPen(colors.line);
  painter.drawLine(TimelineView::kHeaderPx - 1, 0, TimelineView::kHeaderPx - 1, height());
  painter.drawLine(0, 0, width(), 0);
  const QRect room(TimelineView::kHeaderPx, 0, width() - TimelineView::kHeaderPx, height());
  const Track* track = this->track();
  const int count = track ? static_cast<int>(numbersOf(track->keys.front().value).size()) : 0;
  if (count == 0) {
    painter.setPen(colors.dim);
    painter.drawText(room, Qt::AlignCenter, track ? tr("This control has no curve: it holds its value until the next key.") : tr("Choose a track to see its curve."));
    return;
  }
  const Range range = this->range();
  const TimeScale scale = tracks_.scale();
  const QColor accent = palette().color(QPalette::Highlight);
  painter.setRenderHint(QPainter::Antialiasing);
  for (const double value : {range.low, 0.5 * (range.low + range.high), range.high}) {
    const double at = y(value, range);
    painter.setPen(colors.line);
    painter.drawLine(QPointF(TimelineView::kHeaderPx, at), QPointF(width(), at));
    painter.setPen(colors.dim);
    painter.drawText(QRectF(0, at - 9, TimelineView::kHeaderPx - 8, 18), Qt::AlignRight | Qt::AlignVCenter, QLocale().toString(value, 'g', 4));
  }
  painter.setClipRect(room);
  Timeline only = session_.timeline();
  only.tracks = {*track};
  only.base = {};
  const QColor lines[] = {accent, colors.denoiser, colors.autoencoder, colors.token_model, colors.dim};
  const double from = std::max(0.0, scale.time(TimelineView::kHeaderPx)), to = std::min(only.duration_s, scale.time(width()));
  std::vector<QPainterPath> paths(count);
  for (double x = scale.x(from); x <= scale.x(to) + 1.0; x += 2.0) {
    const auto numbers = numbersOf(request_at(only, scale.time(x)).values.at(track->control));
    for (int i = 0; i < count && i < static_cast<int>(numbers.size()); ++i) {
      const QPointF at(x, y(numbers[i], range));
      paths[i].elementCount() == 0 ? paths[i].moveTo(at) : paths[i].lineTo(at);
    }
  }
  for (int i = 0; i < count; ++i) {
    painter.setPen(QPen(lines[std::min(i, 4)], 1.6));
    painter.setBrush(Qt::NoBrush);
    painter.drawPath(paths[i]);
  }
  for (const auto& key : track->keys) {
    const KeyRef ref{track->control, key.time_s};
    const bool chosen = std::any_of(tracks_.selection().begin(), tracks_.selection().end(), [&](const KeyRef& one) { return one == ref; });
    for (int i = 0; i < count; ++i) {
      painter.setPen(QPen(chosen ? colors.text : colors.panel, 1.5));
      painter.setBrush(lines[std::min(i, 4)]);
      painter.drawEllipse(QPointF(keyPosition(ref, i)), chosen ? 5.0 : 4.0, chosen ? 5.0 : 4.0);
    }
  }
  painter.setPen(QPen(accent, 1));
  const double now = scale.x(session_.playback().time_s());
  painter.drawLine(QPointF(now, 0), QPointF(now, height()));
}

}  // namespace orrery::ui
