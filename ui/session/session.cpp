#include "ui/session/session.h"

#include <QCoreApplication>
#include <QMetaType>
#include <QPointer>
#include <QRandomGenerator>
#include <QSettings>
#include <algorithm>
#include <cmath>

#include "ui/session/commands.h"
#include "ui/session/engine_inbox.h"
#include "ui/session/frame_mailbox.h"
#include "ui/session/playback.h"

namespace orrery::ui {
namespace {

constexpr int kGlideMs = 350;
constexpr std::size_t kLatencies = 256;

// The value as the spec wants it: the right number type, inside the range.
Value fitted(const ControlSpec& spec, Value value) {
  if (std::holds_alternative<double>(spec.neutral) && std::holds_alternative<std::int64_t>(value))
    value = static_cast<double>(std::get<std::int64_t>(value));
  if (std::holds_alternative<std::int64_t>(spec.neutral) && std::holds_alternative<double>(value))
    value = static_cast<std::int64_t>(std::llround(std::get<double>(value)));
  if (spec.kind == ControlKind::slider) {
    if (auto* number = std::get_if<double>(&value)) *number = std::clamp(*number, spec.min, spec.max);
  } else if (spec.kind == ControlKind::integer) {
    if (auto* number = std::get_if<std::int64_t>(&value))
      *number = std::clamp(*number, static_cast<std::int64_t>(spec.min), static_cast<std::int64_t>(spec.max));
  } else if (spec.kind == ControlKind::seed) {
    if (auto* number = std::get_if<std::int64_t>(&value)) *number = std::max<std::int64_t>(0, *number);
  }
  return value;
}

// What holds for a control at the end of a generation: what its last branch says, else an earlier one, else the request itself. `branches`: how
// many of them count.
const Value* inForce(const Request& request, const std::string& id, std::size_t branches) {
  for (std::size_t i = branches; i-- > 0;) {
    const auto& values = request.branches[i].values;
    if (const auto found = values.find(id); found != values.end()) return &found->second;
  }
  const auto found = request.values.find(id);
  return found == request.values.end() ? nullptr : &found->second;
}

// Equal requests give equal pictures, so a request is written in one way only: what changes nothing is not in it.
void setValue(Request& request, const ControlSpec& spec, const Value& value, bool of_the_start = true) {
  auto* values = &request.values;
  Value without = spec.neutral;
  if (!of_the_start && !request.branches.empty()) {
    values = &request.branches.back().values;
    if (const Value* before = inForce(request, spec.id, request.branches.size() - 1)) without = *before;
  }
  if (value == without) {
    values->erase(spec.id);
  } else {
    (*values)[spec.id] = value;
  }
}

}  // namespace

Session::Session(Studio& studio, QObject* parent) : QObject(parent), studio_(studio), inbox_(std::make_shared<EngineInbox>()) {
  qRegisterMetaType<Frame>("orrery::Frame");
  qRegisterMetaType<JobStatus>("orrery::JobStatus");
  qRegisterMetaType<JobError>("orrery::JobError");
  qRegisterMetaType<StatsPoint>("orrery::StatsPoint");
  qRegisterMetaType<JobId>("orrery::JobId");
  clock_.start();
  pool_.setMaxThreadCount(2);
  undo_.setUndoLimit(500);
  systems_ = studio_.catalogue->systems();
  models_ = studio_.models->models();
  for (const auto& status : studio_.jobs->jobs()) jobs_[status.id] = status;
  playback_ = std::make_unique<Playback>(*this);

  const auto wake = [this] {
    QMetaObject::invokeMethod(
        this, [this] { takeInbox(); }, Qt::QueuedConnection);
  };
  studio_.models->set_listener([inbox = inbox_, wake](const ModelInfo& info) {
    if (inbox->put(info)) wake();
  });
  studio_.jobs->set_listener([inbox = inbox_, wake](const JobStatus& status) {
    if (inbox->put(status)) wake();
  });
  studio_.jobs->set_stats_listener([inbox = inbox_, wake](JobId job, const StatsPoint& point) {
    if (inbox->put(job, point)) wake();
  });
  openLive(0);
  const auto look = [this] {
    if (brush_ && !firstOfKind(ControlKind::mask)) setBrush(false);
  };
  connect(this, &Session::viewModelChanged, this, look);
  connect(this, &Session::viewsChanged, this, look);
}

Session::~Session() {
  studio_.models->set_listener({});
  studio_.jobs->set_listener({});
  studio_.jobs->set_stats_listener({});
  for (auto& view : views_) view.live.reset();
  pool_.waitForDone();
}

void Session::start() {
  if (!models_.empty() && request(0).model.empty()) {
    applyRequest(0, Request{models_.front().id, {}});
    if (!QSettings().value("reduceMotion").toBool()) playback_->startDrift();
  }
}

// ---- models ----

const ModelInfo* Session::findModel(const std::string& id) const {
  const auto found = std::find_if(models_.begin(), models_.end(), [&](const ModelInfo& info) { return info.id == id; });
  return found == models_.end() ? nullptr : &*found;
}

const SystemInfo* Session::findSystem(const std::string& id) const {
  const auto found = std::find_if(systems_.begin(), systems_.end(), [&](const SystemInfo& info) { return info.id == id; });
  return found == systems_.end() ? nullptr : &*found;
}

void Session::closeModel(const std::string& id) {
  const auto gone = std::remove_if(models_.begin(), models_.end(), [&](const ModelInfo& info) { return info.id == id; });
  if (gone == models_.end()) return;
  models_.erase(gone, models_.end());
  studio_.models->close(id);
  Q_EMIT modelsChanged();
  for (int view = 0; view < view_count_; ++view) {
    if (request(view).model == id) Q_EMIT viewModelChanged(view);
  }
}

void Session::onModel(const ModelInfo& info) {
  const auto found = std::find_if(models_.begin(), models_.end(), [&](const ModelInfo& known) { return known.id == info.id; });
  const bool is_new = found == models_.end();
  const bool other_weights = is_new || found->hash != info.hash || found->snapshots.size() != info.snapshots.size();
  if (is_new) {
    models_.push_back(info);
  } else {
    *found = info;
  }
  Q_EMIT modelsChanged();
  for (int view = 0; view < view_count_; ++view) {
    if (request(view).model != info.id) continue;
    Q_EMIT viewModelChanged(view);
    if (other_weights && views_[view].live) views_[view].generation = views_[view].live->show(request(view));
  }
}

// ---- views ----

void Session::openLive(int view) {
  auto& slot = views_[view];
  if (slot.live) return;
  slot.mailbox = std::make_shared<FrameMailbox>();
  slot.live = studio_.live->open_view(
      [this, view, mailbox = slot.mailbox](const Frame& frame) {
        if (mailbox->put(frame))
          QMetaObject::invokeMethod(
              this, [this, view] { takeFrame(view); }, Qt::QueuedConnection);
      },
      [this](const JobError& error) {
        QMetaObject::invokeMethod(
            this, [this, error] { Q_EMIT problem(error); }, Qt::QueuedConnection);
      });
}

void Session::takeFrame(int view) {
  auto& slot = views_[view];
  auto frame = slot.mailbox->take();
  if (!frame) return;
  const auto sent = slot.sent_ns.find(frame->generation);
  if (sent != slot.sent_ns.end()) {
    slot.latency_ms = static_cast<double>(clock_.nsecsElapsed() - sent->second) * 1e-6;
    if (latencies_ms_.size() < kLatencies) {
      latencies_ms_.push_back(slot.latency_ms);
    } else {
      latencies_ms_[latest_++ % kLatencies] = slot.latency_ms;
    }
  }
  slot.sent_ns.erase(slot.sent_ns.begin(), slot.sent_ns.upper_bound(frame->generation));
  slot.frame = std::move(frame);
  Q_EMIT frameArrived(view, *slot.frame);
}

double Session::latencyPercentileMs(double p) const {
  if (latencies_ms_.empty()) return 0.0;
  std::vector<double> sorted = latencies_ms_;
  std::sort(sorted.begin(), sorted.end());
  return sorted[static_cast<std::size_t>(std::lround(std::clamp(p, 0.0, 1.0) * static_cast<double>(sorted.size() - 1)))];
}

void Session::applyRequest(int view, Request request) {
  auto& slot = views_[view];
  const bool other_model = slot.request.model != request.model;
  const bool changed = other_model || !(slot.request == request);
  slot.request = std::move(request);
  if (changed && slot.live && !slot.request.model.empty()) {
    slot.generation = slot.live->show(slot.request);
    slot.sent_ns[slot.generation] = clock_.nsecsElapsed();
  }
  if (other_model) Q_EMIT viewModelChanged(view);
  if (changed) Q_EMIT requestChanged(view);
}

void Session::setViewCount(int count) {
  count = count >= 4 ? 4 : count >= 2 ? 2 : 1;
  if (count == view_count_) return;
  const int before = view_count_;
  view_count_ = count;
  if (active_view_ >= count) active_view_ = 0;
  if (count < 2 && (stage_mode_ == StageMode::wipe || stage_mode_ == StageMode::difference)) stage_mode_ = StageMode::pictures;
  for (int view = before; view < count; ++view) {
    openLive(view);
    if (request(view).model.empty() || !model(view)) applyRequest(view, request(active_view_));
  }
  Q_EMIT viewsChanged();
}

void Session::setActiveView(int view) {
  if (view < 0 || view >= view_count_ || view == active_view_) return;
  playback_->stopGlide();
  playback_->stop();
  active_view_ = view;
  Q_EMIT viewsChanged();
}

void Session::setStageMode(StageMode mode) {
  if (mode == stage_mode_) return;
  if ((mode == StageMode::wipe || mode == StageMode::difference) && view_count_ < 2) setViewCount(2);
  stage_mode_ = mode;
  Q_EMIT viewsChanged();
}

void Session::setLinked(bool linked) {
  if (linked == linked_) return;
  linked_ = linked;
  Q_EMIT viewsChanged();
}

// ---- controls ----

const ControlSpec* Session::spec(const std::string& id) const {
  const ModelInfo* info = model();
  if (!info) return nullptr;
  const auto found = std::find_if(info->controls.begin(), info->controls.end(), [&](const ControlSpec& spec) { return spec.id == id; });
  return found == info->controls.end() ? nullptr : &*found;
}

const ControlSpec* Session::firstOfKind(ControlKind kind, int view) const {
  const ModelInfo* info = model(view < 0 ? active_view_ : view);
  if (!info) return nullptr;
  const auto found = std::find_if(info->controls.begin(), info->controls.end(),
                                  [&](const ControlSpec& spec) { return spec.kind == kind && spec.unavailable.empty(); });
  return found == info->controls.end() ? nullptr : &*found;
}

Value Session::value(const std::string& id, int view) const {
  const Request& from = request(view < 0 ? active_view_ : view);
  if (const Value* set = inForce(from, id, from.branches.size())) return *set;
  const ControlSpec* control = spec(id);
  return control ? control->neutral : Value(0.0);
}

bool Session::isNeutral(const std::string& id, int view) const {
  const Request& from = request(view < 0 ? active_view_ : view);
  const Value* set = inForce(from, id, from.branches.size());
  const ControlSpec* control = spec(id);
  return !set || (control && *set == control->neutral);
}

std::vector<int> Session::targets() const {
  if (!linked_) return {active_view_};
  std::vector<int> views;
  for (int view = 0; view < view_count_; ++view) views.push_back(view);
  return views;
}

void Session::setControl(const std::string& id, Value value) {
  const ControlSpec* control = spec(id);
  if (!control || !control->unavailable.empty()) return;
  noteAction();
  playback_->stopGlide();
  playback_->stop();
  value = fitted(*control, std::move(value));
  std::vector<RequestCommand::Change> changes;
  for (int view : targets()) {
    const ModelInfo* info = model(view);
    const bool has = info && std::any_of(info->controls.begin(), info->controls.end(),
                                         [&](const ControlSpec& other) { return other.id == id && other.kind == control->kind; });
    if (!has) continue;
    Request after = request(view);
    // In a branch controls act on the steps after it. The place in latent space is where the first step starts from, so it stays the whole
    // tape's; another seed may give a branch other noise on the way.
    const ControlSpec* place = firstOfKind(ControlKind::latent_pad, view);
    setValue(after, *control, value, place && place->section == control->section && control->kind != ControlKind::seed);
    if (!(after == request(view))) changes.push_back({view, request(view), std::move(after)});
  }
  if (changes.empty()) return;
  undo_.push(new RequestCommand(*this, std::move(changes), QString::fromStdString(control->label), id, gesture_, clock_.elapsed()));
}

void Session::resetControl(const std::string& id) {
  if (const ControlSpec* control = spec(id)) {
    endGesture();
    setControl(id, control->neutral);
    endGesture();
  }
}

void Session::resetAll() {
  const ModelInfo* info = model();
  if (!info) return;
  Request next{info->id, {}};
  for (const auto& control : info->controls) {
    const bool place = control.kind == ControlKind::latent_pad || control.kind == ControlKind::seed;
    const auto found = request().values.find(control.id);
    if (place && found != request().values.end()) next.values.insert(*found);
  }
  setRequest(std::move(next), tr("Reset every control"));
}

void Session::endGesture() { ++gesture_; }

void Session::setRequest(Request request, const QString& text, int view) {
  if (view < 0) view = active_view_;
  noteAction();
  playback_->stopGlide();
  playback_->stop();
  if (request == views_[view].request) return;
  std::vector<RequestCommand::Change> changes;
  changes.push_back({view, views_[view].request, std::move(request)});
  undo_.push(new RequestCommand(*this, std::move(changes), text, {}, ++gesture_, clock_.elapsed()));
}

void Session::showTransient(int view, const Request& request) { applyRequest(view, request); }

void Session::commitTransient(int view, const Request& before, const QString& text) {
  if (before == views_[view].request) return;
  std::vector<RequestCommand::Change> changes{{view, before, views_[view].request}};
  undo_.push(new RequestCommand(*this, std::move(changes), text, {}, ++gesture_, clock_.elapsed()));
}

void Session::setBrush(bool on) {
  if (on && !firstOfKind(ControlKind::mask)) on = false, say(tr("This model takes no mask."));
  if (on == brush_) return;
  brush_ = on;
  if (on) setStageMode(StageMode::pictures);
  Q_EMIT brushChanged();
}

void Session::applyPicture(const std::string& control, const std::string& value, const QString& text) {
  const ControlSpec* wanted = spec(control);
  if (!wanted || !wanted->unavailable.empty()) return;
  Request next = request();
  setValue(next, *wanted, value);
  // The mask was painted on another picture.
  const ControlSpec* mask = firstOfKind(ControlKind::mask);
  if (wanted == firstOfKind(ControlKind::photo) && mask) setValue(next, *mask, mask->neutral);
  setRequest(std::move(next), text);
}

void Session::showModel(const std::string& id, int view) {
  if (view < 0) view = active_view_;
  const ModelInfo* info = findModel(id);
  if (!info || request(view).model == id) return;
  // What the new model has too keeps its value: the same latent, another network.
  Request next{id, {}};
  for (const auto& spec : info->controls) {
    const auto found = request(view).values.find(spec.id);
    if (found != request(view).values.end() && found->second.index() == spec.neutral.index())
      setValue(next, spec, fitted(spec, found->second));
  }
  setRequest(std::move(next), tr("Open %1").arg(QString::fromStdString(info->name)), view);
}

void Session::randomise() {
  auto* random = QRandomGenerator::global();
  const ControlSpec* pad = firstOfKind(ControlKind::latent_pad);
  const ControlSpec* seed = firstOfKind(ControlKind::seed);
  Request next = request();
  next.branches.clear();  // another start: nothing of the tape is left to branch off
  if (seed) {
    setValue(next, *seed, static_cast<std::int64_t>(random->bounded(0, 100000)));
    if (pad) setValue(next, *pad, pad->neutral);  // counted from the seed
  } else if (pad) {
    setValue(next, *pad,
             std::vector<double>{static_cast<double>(random->bounded(0, 10000)), static_cast<double>(random->bounded(0, 10000))});
  } else {
    return;
  }
  setRequest(std::move(next), tr("Random seed"));
}

void Session::noteAction() {
  playback_->stopDrift();
  if (std::exchange(acted_, true)) return;
  Q_EMIT acted();
}

// ---- positions ----

void Session::storePosition(int index) {
  if (index < 0 || index >= kPositions) return;
  noteAction();
  if (positions_[index] != request()) undo_.push(new PositionCommand(*this, index, positions_[index], request(), tr("Store position %1").arg(index + 1)));
  say(tr("Stored in %1. Press %1 to come back.").arg(index + 1));
}

void Session::recallPosition(int index) {
  if (index < 0 || index >= kPositions) return;
  if (!positions_[index]) return say(tr("Position %1 is empty. Shift+%1 stores the current one.").arg(index + 1));
  const Request from = request(), to = *positions_[index];
  setRequest(to, tr("Recall position %1").arg(index + 1));
  if (from == to || from.model != to.model || QSettings().value("reduceMotion").toBool()) return;
  showTransient(active_view_, from);
  playback_->glide(to, kGlideMs);
}

void Session::clearPosition(int index) {
  if (positions_[index]) undo_.push(new PositionCommand(*this, index, positions_[index], std::nullopt, tr("Clear position %1").arg(index + 1)));
}

void Session::applyPosition(int index, const std::optional<Request>& request) {
  positions_[index] = request;
  Q_EMIT positionsChanged();
}

// ---- saving ----

SessionState Session::state() const {
  SessionState state;
  for (int view = 0; view < view_count_; ++view) {
    state.views.push_back(request(view));
    if (const ModelInfo* info = model(view)) state.model_paths[info->id] = info->path;
  }
  for (const auto& position : positions_) {
    if (const ModelInfo* info = position ? findModel(position->model) : nullptr) state.model_paths[info->id] = info->path;
  }
  state.active = active_view_;
  state.mode = stage_mode_;
  state.positions = positions_;
  state.timeline = timeline_;
  return state;
}

void Session::setState(const SessionState& state) {
  noteAction();
  playback_->stop();
  playback_->stopGlide();
  if (!state.views.empty()) {
    setViewCount(static_cast<int>(state.views.size()));
    for (int view = 0; view < view_count_ && view < static_cast<int>(state.views.size()); ++view) applyRequest(view, state.views[view]);
  }
  const bool needs_two = state.mode == StageMode::wipe || state.mode == StageMode::difference;
  stage_mode_ = view_count_ > 1 || !needs_two ? state.mode : StageMode::pictures;
  active_view_ = std::clamp(state.active, 0, view_count_ - 1);
  positions_ = state.positions;
  applyTimeline(state.timeline);
  undo_.clear();
  Q_EMIT viewsChanged();
  Q_EMIT positionsChanged();
  for (int view = 0; view < view_count_; ++view) Q_EMIT viewModelChanged(view);
}

// ---- helpers ----

void Session::runInBackground(QObject* context, std::function<void()> work, std::function<void()> done) {
  QPointer<QObject> guard(context);
  pool_.start([this, guard, work = std::move(work), done = std::move(done)] {
    work();
    // The Session waits for its pool before it goes, so `this` is alive here; the context is looked at in the GUI thread only.
    QMetaObject::invokeMethod(
        this,
        [guard, done] {
          if (guard) done();
        },
        Qt::QueuedConnection);
  });
}

}  // namespace orrery::ui
