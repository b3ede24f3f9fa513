// The head of a run: its true state, its numbers, and every verb that can be said to it.
#pragma once

#include <QTimer>
#include <QWidget>

#include "ui/train/run_book.h"

class QComboBox;
class QLabel;
class QProgressBar;
class QPushButton;

namespace orrery::ui {

// Which verbs a job in this state listens to.
struct VerbsAllowed {
  bool start = false, pause = false, resume = false, save = false, sample = false, stop_and_save = false, stop_without_saving = false;
};
VerbsAllowed verbsFor(JobState state, bool has_job);

class RunHeader : public QWidget {
  Q_OBJECT

 public:
  explicit RunHeader(Session& session, QWidget* parent = nullptr);

  void refresh();

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QPushButton* verb(const QString& name, const QString& icon, const QString& text, const QString& tip);
  void say(JobVerb verb);
  void start();
  void stopWithoutSaving();

  Session& session_;
  RunBook& book_;
  QComboBox* runs_;
  QLabel* state_;
  QLabel* message_;
  QProgressBar* progress_;
  QLabel* kimg_;
  QLabel* speed_;
  QLabel* left_;
  QLabel* memory_;
  QPushButton *start_, *pause_, *resume_, *save_, *sample_, *stop_save_, *stop_drop_;
  QTimer armed_;  // "Stop without saving" wants a second press while this runs
};

}  // namespace orrery::ui
