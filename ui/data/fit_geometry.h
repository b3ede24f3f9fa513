// How a fit mode places a picture in the square that a network sees: the same arithmetic as the import, for its preview.
#pragma once

#include <QImage>
#include <QRectF>
#include <QSize>

#include "engine/api/dataset.h"

namespace orrery::ui {

struct FitGeometry {
  QRectF source;  // the part of the picture that is used, in its pixels
  QRectF target;  // where that part lands in the square, in its pixels
};
FitGeometry fitGeometry(const QSize& picture_px, int size_px, Fit fit);
// The square as the network sees it; what no part of the picture covers is white.
QImage fitted(const QImage& picture, int size_px, Fit fit);

}  // namespace orrery::ui
