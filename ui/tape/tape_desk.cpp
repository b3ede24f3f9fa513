#include "ui/tape/tape_desk.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QPointer>
#include <QSettings>
#include <QUndoCommand>
#include <algorithm>
#include <cmath>

#include "ui/project/attached.h"

namespace orrery::ui {
namespace {

// A closed tape is out of sight; it is gone when nobody can bring it back any more.
class CloseCommand : public QUndoCommand {
 public:
  CloseCommand(TapeDesk& desk, TapeId id) : desk_(&desk), id_(id) {}
  ~CloseCommand() override {
    if (desk_ && desk_->closed(id_)) desk_->drop(id_);
  }
  void redo() override {
    if (desk_) desk_->setClosed(id_, true);
  }
  void undo() override {
    if (desk_) desk_->setClosed(id_, false);
  }

 private:
  QPointer<TapeDesk> desk_;
  TapeId id_;
};

constexpr int kTickMs = 16;
constexpr double kMostPlay_s = 6.0, kLeastPlay_s = 2.0, kPerStep_s = 0.12;  // a whole tape

}  // namespace

QString rowName(TapeRow row) {
  switch (row) {
    case TapeRow::state: return TapeDesk::tr("noisy picture");
    case TapeRow::prediction: return TapeDesk::tr("predicted picture");
    case TapeRow::difference: return TapeDesk::tr("change of the prediction");
    case TapeRow::noise: return TapeDesk::tr("predicted noise");
  }
  return {};
}

QString rowSymbol(TapeRow row) {
  switch (row) {
    case TapeRow::state: return QStringLiteral("xₜ");
    case TapeRow::prediction: return QStringLiteral("x₀");
    case TapeRow::difference: return QStringLiteral("Δ");
    case TapeRow::noise: return QStringLiteral("ε");
  }
  return {};
}

QString rowHelp(TapeRow row) {
  switch (row) {
    case TapeRow::state: return TapeDesk::tr("xₜ: the picture under its noise, as it stands after each step");
    case TapeRow::prediction: return TapeDesk::tr("x₀: the finished picture as the network predicts it at each step");
    case TapeRow::difference: return TapeDesk::tr("Δ: how far the prediction moved since the step before; white is a half");
    case TapeRow::noise: return TapeDesk::tr("ε: the noise that the network sees in the picture, at half its size");
  }
  return {};
}

TapeDesk::TapeDesk(Session& session)
    : QObject(&session), session_(session), book_(attached<TapeBook>(session)), pictures_(session.studio().tapes.get()) {
  loop_ = QSettings().value("tape/loop", false).toBool();
  const QStringList kept = QSettings().value("tape/rows").toStringList();
  std::vector<TapeRow> rows;
  for (const QString& name : kept) {
    if (const auto row = tape_row_from_name(name.toStdString())) rows.push_back(*row);
  }
  std::sort(rows.begin(), rows.end());
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  if (!rows.empty()) rows_ = std::move(rows);
  timer_.setTimerType(Qt::PreciseTimer);
  timer_.setInterval(kTickMs);
  connect(&timer_, &QTimer::timeout, this, &TapeDesk::tick);
  const auto followAll = [this] {
    for (int view = 0; view < session_.viewCount(); ++view) follow(view);
  };
  connect(&book_, &TapeBook::tapeChanged, this, [this, followAll] {
    followAll();
    Q_EMIT listChanged();
  });
  connect(&book_, &TapeBook::tapeGone, this, [this, followAll](TapeId id) {
    followAll();
    for (int view = 0; view < session_.viewCount(); ++view) {
      // That of an older request goes because another one is on its way.
      if (scrubbing(view) && shown_[view].tape && shown_[view].tape->id == id && shown_[view].tape->request == session_.request(view)) live(view);
    }
    Q_EMIT listChanged();
  });
  connect(&book_, &TapeBook::headMoved, this, [this](int view) {
    auto& shown = shown_[view];
    if (scrubbing(view)) {
      fetch(view);
    } else {
      pictures_.forget(view);
      if (shown.step && !shown.left) {
        shown.step.reset();
        Q_EMIT wentLive(view);
      }
    }
    if (view == session_.activeView()) Q_EMIT headMoved();
  });
  connect(&session_, &Session::requestChanged, this, [this](int view) {
    if (scrubbing(view)) {
      if (view == session_.activeView()) stop();
      if (!staysAtStep(view)) {
        shown_[view].left = true;  // what is on the stage stays until there is something newer: nothing flickers
        book_.setHead(view, std::nullopt);
      }
    }
    follow(view);
  });
  connect(&session_, &Session::frameArrived, this, [this](int view) {
    follow(view);
    // A picture that is no tape's has no steps to stay at.
    if (const auto& frame = session_.frame(view); scrubbing(view) && frame && frame->tape == 0 && frame->request == session_.request(view)) live(view);
    if (!scrubbing(view)) {
      shown_[view].step.reset();
      shown_[view].left = false;
    }
  });
  connect(&session_, &Session::problem, this, [this] {
    for (int view = 0; view < session_.viewCount(); ++view) {
      if (!shown_[view].left || !shown_[view].step) continue;
      shown_[view].step.reset();
      shown_[view].left = false;
      Q_EMIT wentLive(view);  // the last good picture
    }
  });
  connect(&session_, &Session::viewModelChanged, this, &TapeDesk::follow);
  connect(&session_, &Session::viewsChanged, this, [this, followAll] {
    stop();
    followAll();
    for (int view = 0; view < session_.viewCount(); ++view) {
      if (scrubbing(view)) fetch(view);  // for a stage that shows pictures again
    }
    Q_EMIT tapeChanged();
    Q_EMIT listChanged();
    Q_EMIT headMoved();
  });
  connect(&pictures_, &StepPictures::arrived, this, [this](int view, const StepKey& key, const DeviceImage& image) {
    const TapeInfo* now = tape(view);
    if (!scrubbing(view) || !now || now->id != key.tape) return;
    shown_[view].step = image;
    Q_EMIT stepShown(view, image);
  });
  connect(&pictures_, &StepPictures::failed, this, [this](int view, const StepKey&, const JobError& error) {
    if (error.code == ErrorCode::wrong_use) return;  // the tape or the step went meanwhile
    live(view);
    session_.report(error);
  });
  followAll();
}

// ---- which tape ----

void TapeDesk::follow(int view) {
  auto& shown = shown_[view];
  const TapeInfo* best = nullptr;
  for (const auto& [id, info] : book_.tapes()) {
    if (info.request == session_.request(view)) best = &info;  // the newest of them
  }
  if (best) setClosed(best->id, false);  // asked for again
  if (!best) best = book_.tapeOf(view);
  if (best) {
    const bool other = !shown.tape || shown.tape->id != best->id;
    if (!other && shown.tape->steps.size() == best->steps.size() && shown.tape->complete == best->complete && shown.tape->name == best->name && shown.tape->kept == best->kept) return;
    const int last = static_cast<int>(best->steps.size()) - 1;
    const auto& frame = session_.frame(view);
    if (best->complete) shown.expected = last;
    else if (frame && frame->tape == best->id && frame->steps > 1) shown.expected = frame->steps;
    shown.expected = std::max(shown.expected, last);
    shown.tape = *best;
    if (scrubbing(view)) {
      if (*book_.head(view) <= last) fetch(view);
      else if (best->complete) live(view);  // it has no such step
    }
  } else if (shown.tape && (shown.tape->request.model != session_.request(view).model || !iterates(view))) {
    shown.tape.reset();
    shown.expected = 0;
    live(view);
  } else {
    return;
  }
  if (view == session_.activeView()) Q_EMIT tapeChanged();
}

bool TapeDesk::iterates(int view) const {
  const ModelInfo* model = session_.model(view);
  if (!model) return false;
  if (model->kind == Kind::denoiser || model->kind == Kind::token_model) return true;
  const auto& frame = session_.frame(view);
  return frame && frame->request.model == model->id && (frame->tape != 0 || frame->steps > 1);
}

bool TapeDesk::ofTokens(int view) const {
  const ModelInfo* model = session_.model(view);
  return model && model->kind == Kind::token_model;
}

const TapeInfo* TapeDesk::tape(int view) const {
  const auto& shown = shown_[view];
  return shown.tape ? &*shown.tape : nullptr;
}

std::vector<const TapeInfo*> TapeDesk::tapesOfModel() const {
  std::vector<const TapeInfo*> list;
  const TapeInfo* now = tape();
  for (const auto& [id, info] : book_.tapes()) {
    if (closed_.contains(id)) continue;
    if (info.request.model == session_.request().model && (info.kept || (now && now->id == id))) list.push_back(&info);
  }
  return list;
}

int TapeDesk::steps(int view) const { return shown_[view].expected; }

int TapeDesk::recorded() const {
  const TapeInfo* now = tape();
  return now ? static_cast<int>(now->steps.size()) - 1 : 0;
}

// ---- the head ----

int TapeDesk::step() const {
  const auto head = book_.head(session_.activeView());
  return head ? std::clamp(static_cast<int>(std::floor(*head)), 0, recorded()) : recorded();
}

// What a step is looked at as: nothing is predicted at the start, nothing has changed at the first prediction, and at the end there is no noise.
TapeRow TapeDesk::shownRow(int view, std::int64_t step) const {
  const TapeInfo* now = tape(view);
  if (!now || step <= 0) return TapeRow::state;
  const bool has = std::find(now->rows.begin(), now->rows.end(), row_) != now->rows.end();
  if (!has) return TapeRow::state;
  if (row_ == TapeRow::difference && step <= 1) return TapeRow::prediction;
  if (row_ == TapeRow::noise && !(now->steps[std::min(static_cast<std::size_t>(step), now->steps.size() - 1)].level > 0.0)) return TapeRow::prediction;
  return row_;
}

void TapeDesk::setRow(TapeRow row) {
  if (row == row_) return;
  row_ = row;
  Q_EMIT rowChanged();
  for (int view = 0; view < session_.viewCount(); ++view) {
    if (scrubbing(view)) fetch(view);
  }
}

std::vector<TapeRow> TapeDesk::rows() const {
  const TapeInfo* now = tape();
  if (!now || now->rows.empty()) return rows_;
  std::vector<TapeRow> rows;
  for (const TapeRow row : rows_) {
    if (std::find(now->rows.begin(), now->rows.end(), row) != now->rows.end()) rows.push_back(row);
  }
  return rows.empty() ? std::vector<TapeRow>{now->rows.front()} : rows;
}

void TapeDesk::setRows(std::vector<TapeRow> rows) {
  if (rows.empty() || rows == rows_) return;
  rows_ = std::move(rows);
  QStringList names;
  for (const TapeRow one : rows_) names << QLatin1String(tape_row_name(one));
  QSettings().setValue("tape/rows", names);
  Q_EMIT rowChanged();
}

void TapeDesk::scrub(int step) {
  const TapeInfo* now = tape();
  if (!now || recorded() < 0) return;
  session_.noteAction();
  const int view = session_.activeView(), last = recorded();
  step = std::clamp(step, 0, last);
  const bool finished = now->complete && step == last && (row_ == TapeRow::state || row_ == TapeRow::prediction);
  if (finished) return live();
  if (session_.stageMode() == StageMode::grid || session_.stageMode() == StageMode::spectrum) session_.setStageMode(StageMode::pictures);
  shown_[view].left = false;
  book_.setHead(view, step);
}

void TapeDesk::scrub(int step, TapeRow row) {
  setRow(row);
  scrub(step);
}

void TapeDesk::live() {
  stop();
  live(session_.activeView());
}

void TapeDesk::live(int view) { book_.setHead(view, std::nullopt); }

// Whether the head stays at its step of the new picture, now that a control has moved: one tunes what one looks at. Not where the change cannot
// be seen: in another model's steps, and before the step that a branch begins at.
bool TapeDesk::staysAtStep(int view) const {
  const Request& now = session_.request(view);
  const TapeInfo* before = tape(view);
  if (!before || before->request.model != now.model) return false;
  return now.branches.empty() || std::floor(*book_.head(view)) > static_cast<double>(now.branches.back().step);
}

void TapeDesk::fetch(int view) {
  const TapeInfo* now = tape(view);
  const auto head = book_.head(view);
  if (!now || !head || session_.stageMode() == StageMode::space) return;  // the plane draws the step itself
  const auto step = static_cast<std::int64_t>(std::floor(*head));
  if (step < 0 || step >= static_cast<std::int64_t>(now->steps.size())) return;  // not made yet
  pictures_.want(view, {now->id, step, shownRow(view, step)});
}

QString TapeDesk::note(int view) const {
  const auto head = book_.head(view);
  if (!head || !tape(view)) return {};
  const int step = static_cast<int>(std::floor(*head));
  const QString what = step <= 0 ? (ofTokens(view) ? tr("nothing known yet") : tr("pure noise")) : rowName(shownRow(view, step));
  return tr("Step %1 of %2   %3").arg(step).arg(steps(view)).arg(what);
}

const DeviceImage* TapeDesk::stepImage(int view) const { return shown_[view].step ? &*shown_[view].step : nullptr; }

// ---- playing ----

void TapeDesk::play() {
  if (playing() || !tape() || recorded() < 1) return;
  session_.noteAction();
  played_ = scrubbing() && step() < recorded() ? *book_.head(session_.activeView()) : 0.0;
  clock_.start();
  timer_.start();
  scrub(static_cast<int>(played_));
  Q_EMIT playChanged();
}

void TapeDesk::stop() {
  if (!timer_.isActive()) return;
  timer_.stop();
  Q_EMIT playChanged();
}

void TapeDesk::setLoop(bool loop) {
  loop_ = loop;
  QSettings().setValue("tape/loop", loop);
  Q_EMIT playChanged();
}

void TapeDesk::tick() {
  if (!tape()) return stop();
  const double whole_s = std::clamp(steps() * kPerStep_s, kLeastPlay_s, kMostPlay_s);
  played_ += static_cast<double>(clock_.restart()) * 1e-3 * (steps() + 1) / whole_s;
  if (played_ >= recorded() + 1) {
    if (!loop_) return live();
    played_ = 0.0;
  }
  book_.setHead(session_.activeView(), std::min(played_, static_cast<double>(recorded())));
}

// ---- branches ----

QString TapeDesk::whyNoBranch() const {
  const TapeInfo* now = tape();
  if (!now) return tr("There is no tape to branch off.");
  if (step() >= recorded() && now->complete) return tr("Nothing comes after the last step: drag the head to an earlier one first.");
  const auto& branches = session_.request().branches;
  if (!branches.empty() && branches.back().step == step() && branches.back().values.empty()) return tr("The branch begins here already: move a control.");
  return {};
}

void TapeDesk::branch() {
  if (const QString why = whyNoBranch(); !why.isEmpty()) return session_.say(why);
  const int at = step();
  auto request = session_.studio().tapes->branch(tape()->id, at, Request{tape()->request.model, {}});
  if (!request) return session_.report(request.error());
  keep(tape()->id);
  live();  // the branch ends in the same picture until a control moves
  session_.setRequest(std::move(request.value()), tr("Branch at step %1").arg(at));
  session_.say(tr("A branch from step %1: controls change only what comes after it.").arg(at));
}

void TapeDesk::drop(TapeId id) {
  closed_.remove(id);
  session_.studio().tapes->close(id);
}

void TapeDesk::keep(TapeId id) {
  if (const TapeInfo* info = book_.find(id); info && !info->kept) session_.studio().tapes->rename(id, info->name);
}

void TapeDesk::select(TapeId id) {
  const TapeInfo* info = book_.find(id);
  if (!info || (tape() && tape()->id == id)) return;
  if (!session_.findModel(info->request.model)) {
    return session_.report({ErrorCode::bad_input, tr("The model of this tape, %1, is not open.").arg(QString::fromStdString(info->model_name)).toStdString(),
                            tr("Nothing was changed.").toStdString(), tr("Open the model first.").toStdString()});
  }
  if (inBranch() && tape()) keep(tape()->id);
  session_.setRequest(Request(info->request), tr("Show %1").arg(QString::fromStdString(info->name)));
}

void TapeDesk::rename(TapeId id, const QString& name) {
  const TapeInfo* info = book_.find(id);
  const std::string text = name.trimmed().left(80).toStdString();
  if (info && !text.empty() && text != info->name) session_.studio().tapes->rename(id, text);
}

QString TapeDesk::whyNotClose(TapeId id) const {
  const TapeInfo* info = book_.find(id);
  if (!info) return tr("There is no such tape.");
  if (tape() && tape()->id == id && !book_.find(info->parent)) return tr("The view shows this tape. Choose another one first.");
  return {};
}

void TapeDesk::close(TapeId id) {
  if (const QString why = whyNotClose(id); !why.isEmpty()) return session_.say(why);
  const TapeInfo info = *book_.find(id);
  const QString text = tr("Close %1").arg(QString::fromStdString(info.name));
  session_.undo().beginMacro(text);
  if (tape() && tape()->id == id) session_.setRequest(Request(book_.find(info.parent)->request), text);
  session_.undo().push(new CloseCommand(*this, id));
  session_.undo().endMacro();
}

void TapeDesk::setClosed(TapeId id, bool closed) {
  if (closed == closed_.contains(id)) return;
  if (closed) closed_.insert(id);
  else closed_.remove(id);
  Q_EMIT listChanged();
}

// ---- files ----

void TapeDesk::save(TapeId id, const QString& path) {
  const QString full = path.endsWith(QLatin1String(".otape"), Qt::CaseInsensitive) ? path : path + QStringLiteral(".otape");
  QDir().mkpath(QFileInfo(full).absolutePath());
  session_.studio().tapes->save(id, QFile::encodeName(full).toStdString(), [guard = QPointer<TapeDesk>(this), full](Result<bool> result) {
    const auto shared = std::make_shared<Result<bool>>(std::move(result));
    QMetaObject::invokeMethod(
        QCoreApplication::instance(),
        [guard, full, shared] {
          if (!guard) return;
          if (!*shared) return guard->session_.report(shared->error());
          guard->session_.say(tr("Saved the tape as %1.").arg(QDir::toNativeSeparators(full)));
          Q_EMIT guard->saved(full);
        },
        Qt::QueuedConnection);
  });
}

void TapeDesk::open(const QString& path) {
  session_.studio().tapes->open(QFile::encodeName(path).toStdString(), [guard = QPointer<TapeDesk>(this), path](Result<TapeInfo> result) {
    const auto shared = std::make_shared<Result<TapeInfo>>(std::move(result));
    QMetaObject::invokeMethod(
        QCoreApplication::instance(),
        [guard, path, shared] {
          if (!guard) return;
          if (!*shared) return guard->session_.report(shared->error());
          const TapeInfo& info = shared->value();
          guard->session_.setRequest(Request(info.request), tr("Open %1").arg(QFileInfo(path).fileName()));
          guard->session_.say(tr("Opened the tape %1, %2 steps.").arg(QString::fromStdString(info.name)).arg(info.steps.empty() ? 0 : info.steps.size() - 1));
        },
        Qt::QueuedConnection);
  });
}

}  // namespace orrery::ui
