// The curves of the runs: one plot per group of numbers, all with one cursor and one time axis.
#pragma once

#include <QTimer>
#include <QVector>
#include <QWidget>
#include <map>
#include <optional>

#include "ui/train/run_book.h"

class QCPAxisRect;
class QCPGraph;
class QCPItemStraightLine;
class QCPLegend;
class QCPMarginGroup;
class QCustomPlot;
class QScrollArea;
class QToolButton;

namespace orrery::ui {

class Segmented;
class ValueSlider;

// The plot a number belongs to: "loss.g" and "loss.d" share one, "fd_efflite0" stands alone.
QString plotGroup(const std::string& name);
// Losses first, then quality, then the rest, speed last.
int plotRank(const QString& group);

class PlotPanel : public QWidget {
  Q_OBJECT

 public:
  explicit PlotPanel(Session& session, QWidget* parent = nullptr);

  int plotCount() const { return static_cast<int>(plots_.size()); }
  int curveCount() const;
  std::pair<double, double> timeRange() const;
  // Zooms about a place on the axis (Ctrl+wheel, + and -); the whole run again by 0.
  void zoom(double factor, double about);
  void showAll();
  QString cursorText() const { return cursor_text_; }
  QCustomPlot* plot() const { return plot_; }

 protected:
  void changeEvent(QEvent* event) override;
  bool eventFilter(QObject* watched, QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  struct Line {
    int run = 0;
    std::string name;
    QCPGraph* graph = nullptr;
  };
  struct Plot {
    QString group;
    QCPAxisRect* rect = nullptr;
    QCPLegend* legend = nullptr;
    QCPItemStraightLine* cursor = nullptr;
    QVector<Line> lines;
  };

  void refresh();   // what there is to draw may be other
  void rebuild();
  void refill();    // the same lines with newer points
  void wrapLegends();
  void applyRanges();
  void applyColors();
  void setCursorAt(std::optional<double> time);
  bool byTime() const;
  const std::vector<double>& timesOf(const Curve& curve) const { return byTime() ? curve.wall_s : curve.kimg; }
  QString structure() const;

  RunBook& book_;
  QCustomPlot* plot_;
  QScrollArea* scroll_;
  Segmented* axis_;
  ValueSlider* smooth_;
  QToolButton *log_, *clip_, *runs_, *fit_;
  QWidget* empty_;
  std::vector<Plot> plots_;
  QCPMarginGroup* margins_ = nullptr;
  QString built_;
  std::optional<std::pair<double, double>> zoomed_;
  std::optional<double> cursor_;
  QString cursor_text_;
  QTimer later_;
};

}  // namespace orrery::ui
