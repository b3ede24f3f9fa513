#include "ui/timeline/timeline_panel.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QResizeEvent>
#include <QSplitter>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>

#include "ui/session/playback.h"
#include "ui/style/icons.h"
#include "ui/timeline/curve_view.h"
#include "ui/timeline/timeline_view.h"
#include "ui/timeline/value_text.h"
#include "ui/widgets/labels.h"
#include "ui/widgets/tight.h"

namespace orrery::ui {

TimelinePanel::TimelinePanel(Session& session, QWidget* parent) : QWidget(parent), session_(session) {
  tracks_ = new TimelineView(session);
  curves_ = new CurveView(session, *tracks_);
  auto* split = new QSplitter(Qt::Vertical);
  split->addWidget(tracks_);
  split->addWidget(curves_);
  split->setChildrenCollapsible(false);
  curves_->hide();
  auto* column = tight(new QVBoxLayout(this), 0);
  column->addWidget(makeTransport());
  column->addWidget(split, 1);
  column->addWidget(makeKeyFields());

  connect(&session, &Session::timelineChanged, this, &TimelinePanel::refresh);
  connect(&session, &Session::positionsChanged, this, &TimelinePanel::refresh);
  connect(&session, &Session::requestChanged, this, &TimelinePanel::followRequest);
  connect(&session.playback(), &Playback::timeChanged, this, &TimelinePanel::refreshTime);
  connect(&session.playback(), &Playback::playingChanged, this, &TimelinePanel::refresh);
  connect(tracks_, &TimelineView::selectionChanged, this, &TimelinePanel::refreshKeyFields);
  rest_.setSingleShot(true);
  rest_.setInterval(300);
  connect(&rest_, &QTimer::timeout, this, &TimelinePanel::keyWhatWasTurned);
  refresh();
}

QWidget* TimelinePanel::makeTransport() {
  auto* bar = new QWidget;
  auto* row = new QHBoxLayout(bar);
  row->setContentsMargins(8, 4, 8, 4);
  row->setSpacing(4);
  auto* start = makeIconButton(QStringLiteral("skip-start"), tr("To the start"));
  play_ = makeIconButton(QStringLiteral("play"), tr("Play (Space)"));
  auto* end = makeIconButton(QStringLiteral("skip-end"), tr("To the end"));
  loop_ = makeIconButton(QStringLiteral("loop"), tr("Loop: the last key flows back into the first"));
  loop_->setCheckable(true);
  auto_key_ = makeIconButton(QStringLiteral("record"), tr("Set keys while turning: a control that has keys gets one at the play head"));
  auto_key_->setCheckable(true);
  show_curves_ = makeIconButton(QStringLiteral("smooth"), tr("Curves"));
  show_curves_->setCheckable(true);
  time_ = makeLabel(QString());
  time_->setMinimumWidth(116);
  time_->setAccessibleName(tr("Play head"));

  duration_ = new QDoubleSpinBox;
  duration_->setRange(0.1, 3600.0);
  duration_->setDecimals(1);
  duration_->setSingleStep(0.5);
  duration_->setSuffix(tr(" s"));
  duration_->setKeyboardTracking(false);
  duration_->setAccessibleName(tr("Duration"));
  duration_->setToolTip(tr("Length of the path. The keys keep their place within it."));
  rate_ = new QComboBox;
  rate_->setAccessibleName(tr("Frames per second"));
  rate_->setToolTip(tr("Frames per second of the film; keys lie on frames."));
  for (const double rate : {12.0, 15.0, 24.0, 25.0, 30.0, 50.0, 60.0}) rate_->addItem(tr("%1 frames/s").arg(rate), rate);
  positions_ = makeButton(tr("Path from positions"), "flat");
  film_ = withTip(makeButton(tr("Render film...")), tr("Opens the export sheet on this path."));
  film_->setIcon(icon(QStringLiteral("film")));
  film_->setAccessibleName(tr("Render film"));
  positions_->setAccessibleName(tr("Path from positions"));

  for (QWidget* widget : std::initializer_list<QWidget*>{start, play_, end, loop_, auto_key_, time_}) row->addWidget(widget);
  row->addWidget(duration_);
  row->addWidget(rate_);
  row->addStretch(1);
  for (QWidget* widget : std::initializer_list<QWidget*>{positions_, show_curves_, film_}) row->addWidget(widget);

  connect(start, &QToolButton::clicked, this, [this] { session_.playback().seek(0.0); });
  connect(end, &QToolButton::clicked, this, [this] { session_.playback().seek(session_.timeline().duration_s); });
  connect(play_, &QToolButton::clicked, this, [this] { session_.playback().toggle(); });
  connect(loop_, &QToolButton::toggled, this, [this](bool on) {
    if (filling_) return;
    Timeline next = session_.timeline();
    next.loop = on;
    change(std::move(next), on ? tr("Loop on") : tr("Loop off"));
  });
  connect(show_curves_, &QToolButton::toggled, curves_, &QWidget::setVisible);
  connect(duration_, &QDoubleSpinBox::valueChanged, this, [this](double seconds) {
    if (!filling_) change(withDuration(session_.timeline(), seconds, true), tr("Duration"));
  });
  connect(rate_, &QComboBox::activated, this, [this](int index) {
    Timeline next = session_.timeline();
    next.frames_per_s = rate_->itemData(index).toDouble();
    change(std::move(next), tr("Frames per second"));
  });
  connect(positions_, &QPushButton::clicked, this, &TimelinePanel::keysFromPositions);
  connect(film_, &QPushButton::clicked, this, [this] { session_.openSheet(QStringLiteral("export"), {QStringLiteral("film")}); });
  return bar;
}

QWidget* TimelinePanel::makeKeyFields() {
  key_fields_ = new QWidget;
  auto* row = new QHBoxLayout(key_fields_);
  row->setContentsMargins(8, 2, 8, 6);
  row->setSpacing(8);
  key_name_ = makeLabel(QString(), "dim");
  key_time_ = new QDoubleSpinBox;
  key_time_->setDecimals(2);
  key_time_->setSuffix(tr(" s"));
  key_time_->setKeyboardTracking(false);
  key_time_->setAccessibleName(tr("Time of the key"));
  key_time_->setToolTip(tr("When the key is reached."));
  key_value_ = new QLineEdit;
  key_value_->setMaximumWidth(180);
  key_value_->setAccessibleName(tr("Value of the key"));
  key_value_->setToolTip(tr("What the control is at this moment; lists by semicolons."));
  key_easing_ = new QComboBox;
  key_easing_->setAccessibleName(tr("Easing to the next key"));
  key_easing_->setToolTip(tr("How the value goes from this key to the next."));
  for (const auto& [text, easing] : {std::pair(tr("Linear"), Easing::linear), {tr("Smooth"), Easing::smooth}, {tr("Ease in"), Easing::ease_in}, {tr("Ease out"), Easing::ease_out}, {tr("Hold"), Easing::hold}}) {
    key_easing_->addItem(text, static_cast<int>(easing));
  }
  key_remove_ = makeIconButton(QStringLiteral("trash"), tr("Remove the chosen keys (Delete)"));
  row->addWidget(key_name_, 1);
  for (QWidget* widget : std::initializer_list<QWidget*>{key_time_, key_value_, key_easing_, key_remove_}) row->addWidget(widget);

  connect(key_time_, &QDoubleSpinBox::valueChanged, this, [this](double time) {
    if (!filling_) setKeyTime(time);
  });
  connect(key_value_, &QLineEdit::editingFinished, this, &TimelinePanel::setKeyValue);
  connect(key_easing_, &QComboBox::activated, this, [this](int index) { tracks_->setEasing(static_cast<Easing>(key_easing_->itemData(index).toInt())); });
  connect(key_remove_, &QToolButton::clicked, tracks_, &TimelineView::deleteSelection);
  return key_fields_;
}

// Narrow: words become signs, and what stands elsewhere too goes.
void TimelinePanel::resizeEvent(QResizeEvent* event) {
  const int width = event->size().width();
  film_->setText(width > 760 ? tr("Render film...") : QString());
  positions_->setText(width > 860 ? tr("Path from positions") : QString());
  positions_->setIcon(width > 860 ? QIcon() : icon(QStringLiteral("walk")));
  rate_->setVisible(width > 640);
  show_curves_->setVisible(width > 460);
  auto_key_->setVisible(width > 430);
  key_value_->setMaximumWidth(width > 640 ? 180 : 90);
  key_name_->setVisible(width > 560);
  QWidget::resizeEvent(event);
}

void TimelinePanel::change(Timeline next, const QString& text) {
  session_.endGesture();
  session_.setTimeline(std::move(next), text);
  session_.endGesture();
}

bool TimelinePanel::pathEmpty() const { return session_.playback().path().tracks.empty(); }

void TimelinePanel::refresh() {
  const Timeline& timeline = session_.timeline();
  filling_ = true;
  loop_->setChecked(timeline.loop);
  if (!duration_->hasFocus() || duration_->value() != timeline.duration_s) duration_->setValue(timeline.duration_s);
  int at = rate_->findData(timeline.frames_per_s);
  if (at < 0) {
    rate_->addItem(tr("%1 frames/s").arg(timeline.frames_per_s), timeline.frames_per_s);
    at = rate_->count() - 1;
  }
  rate_->setCurrentIndex(at);
  filling_ = false;

  const bool playing = session_.playback().playing(), empty = pathEmpty();
  play_->setIcon(icon(playing ? QStringLiteral("pause") : QStringLiteral("play")));
  play_->setToolTip(empty ? tr("Nothing to play yet: set keys, or store two positions with Shift+1 and Shift+2.") : (playing ? tr("Pause (Space)") : tr("Play (Space)")));
  play_->setAccessibleName(playing ? tr("Pause") : tr("Play"));
  play_->setEnabled(!empty);
  film_->setEnabled(!empty);
  int stored = 0;
  for (int i = 0; i < Session::kPositions; ++i) stored += session_.position(i) && session_.position(i)->model == session_.request().model ? 1 : 0;
  positions_->setEnabled(stored >= 2);
  positions_->setToolTip(stored >= 2 ? tr("One key for each of the %1 stored positions, at equal distances.").arg(stored) : tr("Store at least two positions of this model first: Shift+1, Shift+2."));
  refreshTime();
  refreshKeyFields();
}

void TimelinePanel::refreshTime() { time_->setText(QStringLiteral("%1 / %2").arg(timeText(session_.playback().time_s()), timeText(session_.timeline().duration_s, 1))); }

void TimelinePanel::refreshKeyFields() {
  const auto& selection = tracks_->selection();
  const Keyframe* key = selection.empty() ? nullptr : findKey(session_.timeline(), selection.front());
  key_fields_->setEnabled(key != nullptr);
  filling_ = true;
  if (!key) {
    key_name_->setText(session_.timeline().tracks.empty() ? QString() : tr("No key chosen"));
    key_value_->clear();
  } else {
    key_name_->setText(selection.size() == 1 ? tracks_->labelOf(selection.front().control) : tr("%1 keys").arg(selection.size()));
    key_time_->setRange(0.0, session_.timeline().duration_s);
    key_time_->setSingleStep(frameLength(session_.timeline()));
    key_time_->setValue(key->time_s);
    if (!key_value_->hasFocus() || !key_value_->isModified()) key_value_->setText(valueText(key->value));
    setRole(key_value_, "");
    key_easing_->setCurrentIndex(key_easing_->findData(static_cast<int>(key->easing)));
  }
  key_value_->setEnabled(key && selection.size() == 1);
  filling_ = false;
}

void TimelinePanel::setKeyTime(double time_s) {
  if (tracks_->selection().empty()) return;
  std::vector<KeyRef> moved;
  const Timeline next = withKeysMoved(session_.timeline(), tracks_->selection(), time_s - tracks_->selection().front().time_s, &moved);
  change(next, tr("Move keys"));
  tracks_->select(moved);
}

void TimelinePanel::setKeyValue() {
  if (filling_ || tracks_->selection().size() != 1 || !key_value_->isModified()) return;
  const KeyRef ref = tracks_->selection().front();
  const Keyframe* key = findKey(session_.timeline(), ref);
  if (!key) return;
  const auto value = valueFromText(key_value_->text(), key->value);
  if (!value) {
    setRole(key_value_, "bad");
    session_.say(tr("That is not a value for %1.").arg(tracks_->labelOf(ref.control)));
    return;
  }
  key_value_->setModified(false);
  if (*value == key->value) return;
  change(withKey(session_.timeline(), ref.control, ref.time_s, *value), tr("Value of a key"));
  session_.playback().seek(ref.time_s);
}

void TimelinePanel::keysFromPositions() {
  std::vector<Request> stops;
  for (int i = 0; i < Session::kPositions; ++i) {
    if (session_.position(i) && session_.position(i)->model == session_.request().model) stops.push_back(*session_.position(i));
  }
  const ModelInfo* model = session_.model();
  if (stops.size() < 2 || !model) return;
  const Timeline& before = session_.timeline();
  Timeline next = timeline_through(stops, model->controls, before.duration_s, before.frames_per_s, before.loop);
  next.loop = before.loop;
  // Keys of what has nothing to do with the place in latent space stay.
  const ControlSpec* seed = session_.firstOfKind(ControlKind::seed);
  for (const auto& track : before.tracks) {
    const ControlSpec* spec = session_.spec(track.control);
    const bool taken = std::any_of(next.tracks.begin(), next.tracks.end(), [&](const Track& made) { return made.control == track.control; });
    if (spec && !taken && (!seed || spec->section != seed->section)) next.tracks.push_back(track);
  }
  change(std::move(next), tr("Path from %1 positions").arg(stops.size()));
  session_.playback().seek(0.0);
}

// With the red dot on, turning a control that has keys moves the key under the play head, or sets one: once the hand rests, as one step.
void TimelinePanel::followRequest(int view) {
  if (view == session_.activeView() && auto_key_->isChecked()) rest_.start();
}

void TimelinePanel::keyWhatWasTurned() {
  QUndoStack& undo = session_.undo();
  // Only what a person just turned: not undo or redo, not playing, not another model.
  if (!auto_key_->isChecked() || session_.playback().playing() || undo.canRedo() || undo.index() == keyed_at_) return;
  const Request& now = session_.request();
  const Request shown = request_at(session_.timeline(), session_.playback().time_s());
  Timeline next = session_.timeline();
  bool changed = false;
  for (const auto& track : session_.timeline().tracks) {
    const ControlSpec* spec = session_.spec(track.control);
    const auto found = now.values.find(track.control);
    if (!spec) continue;
    const Value value = found != now.values.end() ? found->second : spec->neutral;
    if (shown.values.at(track.control) == value) continue;
    next = withKey(std::move(next), track.control, session_.playback().time_s(), value);
    changed = true;
  }
  if (!changed) return;
  change(std::move(next), tr("Set keys while turning"));
  keyed_at_ = undo.index();
}

}  // namespace orrery::ui
