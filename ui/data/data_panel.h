// The Data workspace: which data is at hand, what the network will see of it, how many of what, what was wrong with the rest, and what can be
// trained on it.
#pragma once

#include <QWidget>

#include "ui/session/session.h"

class QComboBox;
class QLabel;
class QProgressBar;
class QPushButton;
class QTableView;
class QVBoxLayout;

namespace orrery::ui {

class ClassBars;
class CurrentData;
class NetworkView;
class ProblemModel;
class Section;
class Segmented;
class ShelfKeeper;

class DataPanel : public QWidget {
  Q_OBJECT

 public:
  explicit DataPanel(Session& session, QWidget* parent = nullptr);

  NetworkView& network() { return *network_; }
  ProblemModel& problems() { return *problems_; }
  const QList<QPushButton*>& offers() const { return offers_; }

 protected:
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  void fillStores();
  void refresh();
  void refreshOffers();
  void takeJob(const JobStatus& status);

  Session& session_;
  CurrentData& data_;
  ShelfKeeper& shelf_;
  QComboBox* stores_;
  QWidget* job_box_;
  QLabel* job_text_;
  QProgressBar* job_progress_;
  JobId job_ = 0;
  QWidget* empty_;
  QWidget* body_;
  QLabel* error_;
  QLabel *pictures_, *size_, *classes_count_, *skipped_, *bytes_;
  NetworkView* network_;
  Section* class_section_;
  ClassBars* bars_;
  Section* problem_section_;
  ProblemModel* problems_;
  QTableView* problem_table_;
  Segmented* problem_filter_;
  QVBoxLayout* offer_column_;
  QList<QPushButton*> offers_;
};

}  // namespace orrery::ui
