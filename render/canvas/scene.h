// What is to be drawn, as a value: the same for the OpenGL canvas and the software one. Device pixels, y downwards.
#pragma once

#include <QColor>
#include <QRectF>
#include <vector>

#include "render/canvas/view_transform.h"

namespace orrery::render {

enum class Blend {
  picture,     // slot a
  wipe,        // slot a left of `wipe`, slot b right of it
  difference,  // |a - b| times the gain
};

struct SceneItem {
  int slot_a = 0;
  int slot_b = -1;
  Blend blend = Blend::picture;
  double wipe = 0.5;        // 0..1 across the view
  ViewTransform transform;  // view and picture rectangles
  bool outlined = false;    // the active view among several
};

struct Scene {
  std::vector<SceneItem> items;
  QColor background, checker_a, checker_b, outline, divider;
  bool smooth = false;  // cubic above 1:1 instead of nearest
  double difference_gain = 4.0;
  double device_pixel_ratio = 1.0;
};

}  // namespace orrery::render
