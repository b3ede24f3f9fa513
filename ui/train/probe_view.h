// The probe grid: the same latents drawn again and again while the network learns. Left and right go through time, up and down from probe to
// probe; one probe alone shows its whole history in a strip.
#pragma once

#include <QCache>
#include <QFileSystemWatcher>
#include <QImage>
#include <QTimer>
#include <QWidget>

#include "ui/train/run_book.h"

class QLabel;
class QSlider;
class QToolButton;

namespace orrery::ui {

// The picture itself; the panel around it has the slider and the words.
class ProbePicture : public QWidget {
  Q_OBJECT

 public:
  explicit ProbePicture(QWidget* parent = nullptr);

  void setSheet(const QImage& sheet, int columns, int rows);
  void setHistory(const QVector<QImage>& sheets, int now);  // for the strip of one probe
  void setProbe(int probe, bool alone);
  int probe() const { return probe_; }
  bool alone() const { return alone_; }
  int probes() const { return columns_ * rows_; }
  int columns() const { return columns_; }

 Q_SIGNALS:
  void probeChosen(int probe, bool alone);
  void timeStepped(int steps);
  void timeChosen(int index);  // by a click on the strip

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  QRect cellOf(const QImage& sheet, int probe) const;
  QRect sheetRect() const;
  QRect stripRect() const;

  QImage sheet_;
  QVector<QImage> history_;
  int now_ = 0;
  int columns_ = 1, rows_ = 1;
  int probe_ = 0;
  bool alone_ = false;
};

class ProbeView : public QWidget {
  Q_OBJECT

 public:
  explicit ProbeView(Session& session, QWidget* parent = nullptr);

  int count() const { return static_cast<int>(sheets_.size()); }
  int time() const { return now_; }
  ProbePicture* picture() const { return picture_; }
  void setTime(int index);

 private:
  void look();          // which sheets there are
  void showSheet();
  void load(int index);
  void fillHistory();

  Session& session_;
  RunBook& book_;
  ProbePicture* picture_;
  QSlider* slider_;
  QLabel* words_;
  QToolButton* alone_;
  QToolButton* reals_;
  QWidget* empty_;
  QWidget* body_;
  QString folder_;
  QVector<ProbeSheet> sheets_;
  int resolution_px_ = 0;
  int now_ = -1;
  bool follow_ = true;   // stays at the newest until somebody goes back
  QHash<QString, QImage> images_;
  QSet<QString> loading_;
  QImage reals_image_;
  QFileSystemWatcher watcher_;
  QTimer later_;
};

}  // namespace orrery::ui
