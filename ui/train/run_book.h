// The runs that the window knows: those that train now, and those opened to look at. Their curves and logs, live and from their folders.
#pragma once

#include <QObject>
#include <deque>

#include "ui/session/session.h"
#include "ui/train/run_record.h"

namespace orrery::ui {

struct Run {
  JobId job = 0;          // 0: nothing trains there (in this window)
  QString folder;
  QString title;
  JobStatus status;       // of the job; state done when there is none
  StatsHistory history;
  QVector<LogLine> log;
  bool shown = true;      // in the plots

  bool active() const { return job != 0 && !status.finished(); }
};

class RunBook : public QObject {
  Q_OBJECT

 public:
  explicit RunBook(Session& session);

  const std::deque<Run>& runs() const { return runs_; }
  // The run that the workspace shows; null when there is none.
  const Run* current() const { return current_ < 0 ? nullptr : &runs_[current_]; }
  int currentIndex() const { return current_; }
  void setCurrent(int index);
  void setShown(int index, bool shown);
  // A run folder to look at beside the others; already known ones become current.
  void openFolder(const QString& folder);
  bool inUse(const QString& folder) const;  // a job of this window writes there
  int active() const;
  // What a job was started with, so that its run can be named and gone on with.
  void note(JobId job, const TrainOptions& options);

 Q_SIGNALS:
  void runsChanged();           // another run, another current one, shown or hidden
  void runChanged(int index);   // its status or log
  void statsChanged(int index);

 private:
  void takeJob(const JobStatus& status);
  void takeStats(JobId job, const StatsPoint& point);
  void showNewRun();
  void readFolder(int index);
  int indexOf(JobId job) const;
  void logChange(Run& run, const JobStatus& before, const JobStatus& now);

  Session& session_;
  std::deque<Run> runs_;
  int current_ = -1;
  std::map<JobId, TrainOptions> options_;
  QStringList to_show_;  // folders of runs just started, whose first snapshot the stage waits for
};

QString stateName(JobState state);

}  // namespace orrery::ui
