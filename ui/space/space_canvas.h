// Draws the plane: density, data, field, particles and their trails, what the person started. Stateless but for its buffers; the Space view and
// the race share it.
#pragma once

#include <QImage>
#include <QPainter>

#include "ui/space/space_feed.h"

namespace orrery::ui {

struct SpaceLayers {
  bool data = true, particles = true, trails = true, score = false, motion = false, density = true;
  bool scaled = true;  // by noise level (see PlaneFrame)
  bool operator==(const SpaceLayers&) const = default;
};

// Everything of one picture. Pointers may be null.
struct SpacePicture {
  SpaceLayers layers;
  PlaneFrame frame;  // device pixels
  double ratio = 1.0;
  bool dark = true;
  QColor accent;
  double spread = 0.5, level = 0.0, step = 0.0;
  const SpaceData* data = nullptr;
  const SpaceField* field = nullptr;
  const TapePoints* particles = nullptr;
  const std::map<int, Probe>* probes = nullptr;
  int selected = 0;  // of the probes
  bool axes = true;
};

class SpaceCanvas {
 public:
  // size in device pixels. The image lives until the next call.
  const QImage& draw(const QSize& size_px, const SpacePicture& picture);

 private:
  void drawDensity(QPainter& painter, const SpacePicture& picture);
  void drawAxes(QPainter& painter, const SpacePicture& picture);
  void drawField(QPainter& painter, const SpacePicture& picture);
  void drawTrails(const SpacePicture& picture);
  void drawProbes(QPainter& painter, const SpacePicture& picture);

  QImage image_, heat_;
  std::vector<QPointF> pixels_;
};

// Round numbers that divide [from, to] into about `wanted` parts.
std::vector<double> axisTicks(double from, double to, int wanted);
// Colours that particles and data have here; also for legends.
QColor particleColor(const QColor& accent, bool dark);
QColor probeColor(bool dark);

}  // namespace orrery::ui
