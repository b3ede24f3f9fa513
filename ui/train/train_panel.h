// The Train workspace beside the stage: the run's head, its curves, its probes, its log and its settings.
#pragma once

#include <QWidget>

#include "ui/session/session.h"
#include "ui/train/run_book.h"

class QPlainTextEdit;
class QStackedWidget;

namespace orrery::ui {

class ParameterTree;
class PlotPanel;
class ProbeView;
class RunHeader;
class Segmented;

class TrainPanel : public QWidget {
  Q_OBJECT

 public:
  explicit TrainPanel(Session& session, QWidget* parent = nullptr);

  RunHeader& header() { return *header_; }
  PlotPanel& plots() { return *plots_; }
  ProbeView& probes() { return *probes_; }

 private:
  void refreshLog();
  void refreshSettings();

  Session& session_;
  RunBook& book_;
  RunHeader* header_;
  PlotPanel* plots_;
  ProbeView* probes_;
  Segmented* pages_;
  QStackedWidget* stack_;
  QPlainTextEdit* log_;
  ParameterTree* settings_;
  QString log_of_;
  qsizetype log_lines_ = 0;
  QString settings_of_;
};

}  // namespace orrery::ui
