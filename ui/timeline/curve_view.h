// The curve of one track: value over time, one line per number, keys to drag in both directions. Shares its times with the tracks above it.
#pragma once

#include <QWidget>

#include "ui/timeline/timeline_view.h"

namespace orrery::ui {

class CurveView : public QWidget {
  Q_OBJECT

 public:
  CurveView(Session& session, TimelineView& tracks, QWidget* parent = nullptr);

  // Where the `component`-th number of a key is drawn (tests).
  QPoint keyPosition(const KeyRef& key, int component) const;
  QSize sizeHint() const override { return {640, 140}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;

 private:
  struct Range {
    double low = 0.0, high = 1.0;
  };
  struct Grip {
    KeyRef key;
    int component = 0;
  };
  const Track* track() const;
  Range range() const;
  double y(double value, const Range& range) const;
  std::optional<Grip> gripAt(const QPoint& at) const;
  void drag(const QPoint& at);

  Session& session_;
  TimelineView& tracks_;
  std::optional<Grip> grip_;
  Range drag_range_;
};

// The numbers of a value: one for numbers, all of a list, none for switches and texts.
std::vector<double> numbersOf(const Value& value);
Value withNumber(Value value, int component, double number);

}  // namespace orrery::ui
