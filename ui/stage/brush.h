// Painting the mask of the active view on its picture: where a photo is made anew. A stroke is one step of the history and acts while it is
// painted.
#pragma once

#include <QElapsedTimer>
#include <QImage>
#include <QObject>
#include <QPointF>
#include <QTimer>
#include <string>

#include "engine/api/request.h"

namespace orrery {
struct ControlSpec;
}

namespace orrery::ui {

class Session;

class Brush : public QObject {
  Q_OBJECT

 public:
  explicit Brush(Session& session);

  bool possible() const;  // the active view's model takes a mask

  // Of the active view, 255 where it is made anew; null: none is painted.
  QImage mask() const;
  double radius() const { return radius_px_; }  // in pixels of the picture
  void setRadius(double px);
  bool erasing() const { return erasing_; }     // what the left button does
  void setErasing(bool on);
  bool painting() const { return painting_; }
  bool strokeErases() const { return stroke_erases_; }

  // Picture pixels. Without a photo the picture that is shown becomes the photo, so that something can be painted over.
  void begin(const QPointF& at, bool erase);
  void move(const QPointF& at);
  void end();

  void invert();
  void clear();  // nothing is made anew

 Q_SIGNALS:
  void changed();

 private:
  QSize size() const;  // of the model's pictures
  QImage maskOf(const Request& request) const;
  void dab(const QPointF& from, const QPointF& to);
  void show();
  void set(const QImage& mask, const QString& text);

  Session& session_;
  double radius_px_;
  bool erasing_ = false, painting_ = false, stroke_erases_ = false, took_picture_ = false;
  int view_ = 0;
  Request before_, live_;
  QImage painted_;  // while painting
  QPointF last_;
  QTimer later_;
  QElapsedTimer shown_;
  mutable std::string known_value_;
  mutable QImage known_mask_;
};

}  // namespace orrery::ui
