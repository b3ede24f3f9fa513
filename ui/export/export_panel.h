// The sheet "export" (Ctrl+E): picture, grid, film or model; size, quality, place; a live estimate; the job with its progress.
#pragma once

#include <QImage>
#include <QTimer>
#include <QWidget>

#include "ui/export/export_choices.h"
#include "ui/session/session.h"

class QCheckBox;
class QComboBox;
class QDoubleSpinBox;
class QFormLayout;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;
class QSpinBox;
class QToolButton;

namespace orrery::ui {

class CommandBox;
class Segmented;
class ValueSlider;

class ExportPanel : public QWidget {
  Q_OBJECT

 public:
  explicit ExportPanel(Session& session, QWidget* parent = nullptr);

  // "picture", "grid", "film", "tape" or "model".
  Q_INVOKABLE void setArguments(const QStringList& arguments);
  ExportChoices choices() const;
  QString estimateText() const;

 private:
  QWidget* makeFields();
  void chooseWhat(int index);
  void suggestPlace();
  void refresh();
  void estimate();
  void start();
  void takeJob(const JobStatus& status);
  void browse();
  Timeline path() const;
  const TapeInfo* tape() const;  // of the view at hand, or null
  QString whyNot() const;  // empty: it can be exported

  Session& session_;
  Segmented* what_;
  QFormLayout* form_;
  QComboBox* size_;
  QSpinBox* columns_;
  QSpinBox* rows_;
  QSpinBox* first_seed_;
  QComboBox* format_;
  QComboBox* tape_format_;
  QSpinBox* steps_;
  QDoubleSpinBox* seconds_;
  QComboBox* rate_;
  ValueSlider* quality_;
  QLabel* quality_value_;
  QCheckBox* recipe_;
  QLineEdit* out_;
  QLabel* about_;
  QLabel* estimate_;
  CommandBox* command_;
  QPushButton* export_;
  QPushButton* cancel_;
  QProgressBar* progress_;
  QLabel* message_;
  QWidget* done_box_;
  QLabel* done_text_;
  QWidget *grid_row_, *seed_row_, *quality_row_;
  QTimer later_;
  JobId job_ = 0;
  QString made_;
  bool place_is_ours_ = true;
};

}  // namespace orrery::ui
