// The line at the bottom: the job at work, img/s, the time a picture takes, memory, and what was said last.
#pragma once

#include <QTimer>
#include <QWidget>

#include "engine/api/job.h"

class QLabel;

namespace orrery::ui {

class ElidedLabel;
class JobChip;
class Session;

class StatusRow : public QWidget {
  Q_OBJECT

 public:
  explicit StatusRow(Session& session, QWidget* parent = nullptr);

  void say(const QString& message);
  void setViewer(const QString& description);  // "OpenGL, llvmpipe"
  QString message() const;
  JobChip* chip() const { return chip_; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  void refresh();

  Session& session_;
  JobChip* chip_;
  QLabel* train_;
  QLabel* view_;
  QLabel* memory_;
  ElidedLabel* message_;
  QTimer fade_;
  QTimer slow_;
};

}  // namespace orrery::ui
