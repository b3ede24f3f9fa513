#include "ui/train/run_book.h"

#include <QDir>
#include <QFileInfo>
#include <QTime>

#include "ui/widgets/format.h"

namespace orrery::ui {

QString stateName(JobState state) {
  switch (state) {
    case JobState::queued: return RunBook::tr("Queued");
    case JobState::preparing: return RunBook::tr("Preparing");
    case JobState::running: return RunBook::tr("Running");
    case JobState::pausing: return RunBook::tr("Pausing");
    case JobState::paused: return RunBook::tr("Paused");
    case JobState::finishing: return RunBook::tr("Finishing");
    case JobState::done: return RunBook::tr("Done");
    case JobState::failed: return RunBook::tr("Failed");
    case JobState::cancelled: return RunBook::tr("Stopped");
    case JobState::device_lost: return RunBook::tr("Device lost");
  }
  return {};
}

RunBook::RunBook(Session& session) : QObject(&session), session_(session) {
  connect(&session, &Session::jobChanged, this, &RunBook::takeJob);
  connect(&session, &Session::statsArrived, this, &RunBook::takeStats);
  connect(&session, &Session::runOpened, this, &RunBook::openFolder);
  connect(&session, &Session::modelsChanged, this, &RunBook::showNewRun);
  for (const auto& [id, status] : session.jobs()) takeJob(status);
}

int RunBook::indexOf(JobId job) const {
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    if (runs_[i].job == job) return static_cast<int>(i);
  }
  return -1;
}

void RunBook::note(JobId job, const TrainOptions& options) {
  options_[job] = options;
  if (const QString folder = QDir::cleanPath(QString::fromStdString(options.out)); !folder.isEmpty()) to_show_ << folder;
  QMetaObject::invokeMethod(this, &RunBook::showNewRun, Qt::QueuedConnection);  // one that is gone on with may be open already
  if (const int index = indexOf(job); index >= 0 && runs_[index].folder.isEmpty()) runs_[index].folder = QString::fromStdString(options.out);
}

// What was just started is what the person wants to see learn: the stage turns to it once, with the first snapshot.
void RunBook::showNewRun() {
  for (const auto& model : session_.models()) {
    const QString path = QString::fromStdString(model.path);
    const qsizetype at = to_show_.indexOf(path);
    if (at < 0 || !QString::fromStdString(model.id).startsWith(QLatin1String("run:"))) continue;
    to_show_.removeAt(at);
    const std::string id = model.id;  // the list may change while the stage turns
    return session_.showModel(id);
  }
}

bool RunBook::inUse(const QString& folder) const {
  const QString path = QFileInfo(folder).absoluteFilePath();
  return std::any_of(runs_.begin(), runs_.end(), [&](const Run& run) { return run.active() && QFileInfo(run.folder).absoluteFilePath() == path; });
}

int RunBook::active() const {
  return static_cast<int>(std::count_if(runs_.begin(), runs_.end(), [](const Run& run) { return run.active(); }));
}

void RunBook::logChange(Run& run, const JobStatus& before, const JobStatus& now) {
  const QString time = QTime::currentTime().toString(QStringLiteral("HH:mm:ss"));
  if (before.state != now.state) {
    QString text = stateName(now.state);
    if (const auto kimg = now.numbers.find("kimg"); kimg != now.numbers.end()) text += tr(" at %1 kimg").arg(formatNumber(kimg->second, 2));
    run.log << LogLine{time, text, now.state == JobState::failed || now.state == JobState::device_lost};
  }
  if (before.message != now.message && !now.message.empty()) run.log << LogLine{time, QString::fromStdString(now.message), false};
  if (now.error && before.error != now.error) {
    run.log << LogLine{time, QString::fromStdString(now.error->what_happened + " " + now.error->what_is_safe + " " + now.error->what_to_do).simplified(), true};
  }
  const auto saved = [](const JobStatus& status) {
    const auto found = status.numbers.find("saved_step");
    return found == status.numbers.end() ? -1.0 : found->second;
  };
  if (saved(now) > saved(before)) run.log << LogLine{time, tr("Saved at step %1").arg(static_cast<qint64>(saved(now))), false};
  if (run.log.size() > 2000) run.log.remove(0, run.log.size() - 2000);
}

void RunBook::takeJob(const JobStatus& status) {
  if (status.kind != "train") return;
  int index = indexOf(status.id);
  if (index < 0) {
    // Gone on with in a folder we already show: the same run.
    QString folder = QString::fromStdString(status.result_path);
    if (const auto noted = options_.find(status.id); folder.isEmpty() && noted != options_.end()) folder = QString::fromStdString(noted->second.out);
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      if (!folder.isEmpty() && runs_[i].folder == folder && !runs_[i].active()) index = static_cast<int>(i);
    }
    if (index < 0) {
      runs_.emplace_back();
      index = static_cast<int>(runs_.size()) - 1;
    }
    Run& run = runs_[index];
    run.job = status.id;
    run.folder = folder;
    run.title = QString::fromStdString(status.title);
    run.status = {};
    run.status.state = JobState::queued;
    logChange(run, run.status, status);
    run.status = status;
    current_ = index;
    readFolder(index);
    Q_EMIT runsChanged();
  } else {
    Run& run = runs_[index];
    logChange(run, run.status, status);
    run.status = status;
    if (run.folder.isEmpty()) run.folder = QString::fromStdString(status.result_path);
  }
  Q_EMIT runChanged(index);
}

void RunBook::takeStats(JobId job, const StatsPoint& point) {
  const int index = indexOf(job);
  if (index < 0) return;
  runs_[index].history.add(point);
  Q_EMIT statsChanged(index);
}

// What was there before this window looked: the curves and the log of earlier sessions.
void RunBook::readFolder(int index) {
  struct Past {
    StatsHistory history;
    QVector<LogLine> log;
  };
  const QString folder = runs_[index].folder;
  if (folder.isEmpty()) return;
  const JobId job = runs_[index].job;
  session_.background<Past>(
      this, [folder] { return Past{readHistory(folder), readLog(folder)}; },
      [this, folder, job](Past past) {
        for (std::size_t i = 0; i < runs_.size(); ++i) {
          Run& run = runs_[i];
          if (run.folder != folder || run.job != job) continue;
          // The live points that came meanwhile go on where the file ends.
          for (const auto& point : session_.stats(job)) past.history.add(point);
          run.history = std::move(past.history);
          past.log.append(run.log);
          run.log = std::move(past.log);
          Q_EMIT statsChanged(static_cast<int>(i));
          Q_EMIT runChanged(static_cast<int>(i));
          return;
        }
      });
}

void RunBook::setCurrent(int index) {
  if (index == current_ || index < 0 || index >= static_cast<int>(runs_.size())) return;
  current_ = index;
  Q_EMIT runsChanged();
}

void RunBook::setShown(int index, bool shown) {
  if (index < 0 || index >= static_cast<int>(runs_.size()) || runs_[index].shown == shown) return;
  runs_[index].shown = shown;
  Q_EMIT runsChanged();
}

void RunBook::openFolder(const QString& folder) {
  for (std::size_t i = 0; i < runs_.size(); ++i) {
    if (runs_[i].folder == folder) return setCurrent(static_cast<int>(i));
  }
  Run run;
  run.folder = folder;
  run.title = QFileInfo(folder).fileName();
  run.status.kind = "train";
  run.status.state = JobState::done;
  runs_.push_back(std::move(run));
  current_ = static_cast<int>(runs_.size()) - 1;
  readFolder(current_);
  Q_EMIT runsChanged();
}

}  // namespace orrery::ui
