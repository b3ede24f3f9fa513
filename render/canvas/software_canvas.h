// The same scene by QPainter, where no OpenGL can be had.
#pragma once

#include <QImage>
#include <map>

#include "engine/api/frame.h"
#include "render/canvas/scene.h"

class QPainter;

namespace orrery::render {

class SoftwareCanvas {
 public:
  // Host pictures only; shares the pixels.
  void setPicture(int slot, const DeviceImage& image);
  void dropPicture(int slot) { pictures_.erase(slot); }
  QSize pictureSize(int slot) const;
  const QImage& picture(int slot) const;

  // Scene coordinates are device pixels: the painter must be set so (scaled by 1 / devicePixelRatio on a widget).
  void draw(QPainter& painter, const Scene& scene) const;

 private:
  void drawPicture(QPainter& painter, const Scene& scene, const SceneItem& item, const QRectF& clip, const QImage& picture) const;

  std::map<int, QImage> pictures_;
};

}  // namespace orrery::render
