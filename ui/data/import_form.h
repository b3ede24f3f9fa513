// The sheet "import": what was dropped, counted live; size, fit and classes with defaults good enough to press Enter; the import as a job.
#pragma once

#include <QImage>
#include <QWidget>
#include <atomic>
#include <memory>

#include "ui/data/source_scan.h"
#include "ui/session/session.h"

class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QLineEdit;
class QProgressBar;
class QPushButton;

namespace orrery::ui {

class CommandBox;
class ElidedLabel;
class Segmented;

// The picture with the part that is used, and what becomes of it.
class ImportPreview : public QWidget {
  Q_OBJECT

 public:
  explicit ImportPreview(QWidget* parent = nullptr);
  void setPicture(const QImage& picture, const QSize& original_px);
  void setFit(int size_px, Fit fit);
  void setNote(const QString& note);
  QSize sizeHint() const override { return {360, 132}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  QImage picture_;   // reduced for showing
  QSize original_px_;
  QImage result_;
  QString note_;
  int size_px_ = 64;
  Fit fit_ = Fit::crop;
};

class ImportForm : public QWidget {
  Q_OBJECT

 public:
  explicit ImportForm(Session& session, QWidget* parent = nullptr);
  ~ImportForm() override;

  // Paths to import; none leaves the drop area.
  Q_INVOKABLE void setArguments(const QStringList& arguments);
  ImportOptions options() const;
  const SourceCount& count() const { return count_; }

 protected:
  void keyPressEvent(QKeyEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  void setSources(const QStringList& sources);
  void choose(bool folders);
  void scan();
  void take(const SourceCount& count);
  void loadPreview();
  void refresh();
  void start();
  void takeJob(const JobStatus& status);

  Session& session_;
  QStringList sources_;
  SourceCount count_;
  std::shared_ptr<std::atomic<bool>> stop_;
  int scans_ = 0;
  ElidedLabel* where_;
  QWidget* drop_;
  QWidget* body_;
  QLabel* counts_;
  QLabel* details_;
  ImportPreview* preview_;
  QComboBox* size_;
  Segmented* fit_;
  QLabel* fit_note_;
  QComboBox* classes_;
  QWidget* film_label_;
  QDoubleSpinBox* film_rate_;
  QLineEdit* name_;
  CommandBox* command_;
  QPushButton* as_points_;
  QPushButton* import_;
  QPushButton* cancel_;
  QProgressBar* progress_;
  QLabel* message_;
  QString previewed_;
  JobId job_ = 0;
  bool name_is_ours_ = true;
  bool classes_are_ours_ = true;
};

}  // namespace orrery::ui
