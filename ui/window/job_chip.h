// The jobs at work, small: the newest with its progress and time left; a click lists them all with their verbs.
#pragma once

#include <QAbstractButton>
#include <QFrame>
#include <map>

#include "engine/api/job.h"

class QVBoxLayout;

namespace orrery::ui {

class Session;

QString stateText(JobState state);
QString jobLine(const JobStatus& status);  // "Training, 42%, 3 min left"

class JobList : public QFrame {
  Q_OBJECT

 public:
  JobList(Session& session, QWidget* parent);
  void refresh();

 private:
  struct Row;
  Session& session_;
  QVBoxLayout* column_;
  std::map<JobId, Row*> rows_;
  QWidget* none_;
};

class JobChip : public QAbstractButton {
  Q_OBJECT

 public:
  explicit JobChip(Session& session, QWidget* parent = nullptr);
  QSize sizeHint() const override;
  QSize minimumSizeHint() const override { return {28, 24}; }
  const JobStatus* shown() const;  // the job it shows, or null

 protected:
  void paintEvent(QPaintEvent* event) override;
  void enterEvent(QEnterEvent*) override { update(); }
  void leaveEvent(QEvent*) override { update(); }

 private:
  void openList();

  Session& session_;
  JobList* list_ = nullptr;
};

}  // namespace orrery::ui
