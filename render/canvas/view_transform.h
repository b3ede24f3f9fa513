// Where a picture lies in its view: zoom and pan. Pure arithmetic in device pixels; y grows downwards.
#pragma once

#include <QPointF>
#include <QRectF>
#include <QSizeF>

namespace orrery::render {

class ViewTransform {
 public:
  static constexpr double kMinScale = 1.0 / 32.0;
  static constexpr double kMaxScale = 128.0;  // device pixels per picture pixel

  // The view's rectangle on the canvas and the picture's size. While fitting, the picture follows both.
  void setView(const QRectF& view_px);
  void setPicture(const QSizeF& picture_px);

  void fit();                                           // whole picture, centred; small pictures at a whole multiple of their pixels
  void fillView();  // as large as fits, without regard for whole multiples: cells of a grid
  void oneToOne();                                      // one picture pixel = one device pixel, centred where it is
  void zoomAt(const QPointF& point_px, double factor);  // the picture point under `point_px` stays there
  void panBy(const QPointF& delta_px);

  bool fitting() const { return fitting_; }
  double scale() const { return scale_; }
  QRectF view() const { return view_; }
  QRectF pictureRect() const;                        // on the canvas
  QPointF toPicture(const QPointF& point_px) const;  // picture pixels, may lie outside
  QPointF toCanvas(const QPointF& picture_px) const;
  // Grid lines between pixels: above 8x, and only where the picture does not fit the view any more (someone looks at pixels).
  bool showsPixelGrid() const;

 private:
  double fitScale() const;
  void keepInSight();

  QRectF view_{0, 0, 1, 1};
  QSizeF picture_{1, 1};
  QPointF centre_{0.5, 0.5};  // picture point (0..1) at the middle of the view
  double scale_ = 1.0;
  bool fitting_ = true;
};

}  // namespace orrery::render
