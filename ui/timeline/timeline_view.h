// The tracks: a ruler, a row of diamonds for each keyed control, and the play head. Everything it does it does to Session::timeline().
#pragma once

#include <QAbstractScrollArea>
#include <optional>
#include <vector>

#include "ui/session/session.h"
#include "ui/timeline/time_scale.h"
#include "ui/timeline/timeline_edit.h"

namespace orrery::ui {

class TimelineView : public QAbstractScrollArea {
  Q_OBJECT

 public:
  explicit TimelineView(Session& session, QWidget* parent = nullptr);

  const std::vector<KeyRef>& selection() const { return selection_; }
  void select(std::vector<KeyRef> keys);
  // The track that the curves and the key editor speak of; empty when there is none.
  const std::string& currentTrack() const { return current_; }
  void setCurrentTrack(const std::string& control);

  // For tests and the overlay of the tool tip: where things are, in the viewport.
  QPoint keyPosition(const KeyRef& key) const;
  QPoint rulerPosition(double time_s) const;
  TimeScale scale() const;

  void deleteSelection();
  void setEasing(Easing easing);
  void stepToKey(bool forward);
  void zoom(double factor, double at_x_px);
  void zoomToFit();
  QString labelOf(const std::string& control) const;

  static constexpr int kHeaderPx = 168;
  QSize sizeHint() const override { return {640, 160}; }
  QSize minimumSizeHint() const override { return {320, 88}; }

 Q_SIGNALS:
  void selectionChanged();
  void currentTrackChanged();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  bool viewportEvent(QEvent* event) override;

 private:
  enum class Drag { none, head, keys, band };

  const Timeline& timeline() const { return session_.timeline(); }
  int rowTop(int row) const;
  int rowAt(int y) const;  // -1: none
  std::optional<KeyRef> keyAt(const QPoint& at) const;
  bool selected(const KeyRef& key) const;
  void scrub(double x_px);
  void keepOnly();
  void updateScrollBars();
  void paintRuler(QPainter& painter);
  void paintTrack(QPainter& painter, int row);
  void nudge(int frames);

  Session& session_;
  std::vector<KeyRef> selection_;
  std::string current_;
  double zoom_ = 1.0;  // 1: the whole path fits
  Drag drag_ = Drag::none;
  QPoint press_;
  Timeline before_;                  // of the drag
  std::vector<KeyRef> drag_from_;
  QRect band_;
};

}  // namespace orrery::ui
