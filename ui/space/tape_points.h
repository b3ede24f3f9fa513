// All particles of a tape, read once from the engine, and where they are between two steps.
#pragma once

#include <memory>
#include <vector>

#include "engine/api/tape.h"
#include "ui/space/plane_frame.h"

namespace orrery::ui {

struct TapePoints {
  TapeId tape = 0;
  Request request;
  std::vector<TapeStep> steps;
  std::vector<std::vector<float>> states;  // by step: x, y of each particle
  bool complete = false;

  std::size_t particles() const { return states.empty() ? 0 : states.front().size() / 2; }
  double last() const { return static_cast<double>(states.size()) - 1.0; }
  double levelAt(double step) const;
  // Scaled for drawing; between two steps on the straight line between what is drawn of them.
  QPointF drawnAt(std::size_t particle, double step, double spread, bool scaled) const;
  // Where sigma passes `level` (levels fall): the step, in between where need be.
  double stepAt(double level) const;
  double spreadOfEnd() const;  // standard deviation per coordinate of the last step
  // Seconds from the start at which a player that takes `total_s` comes to each step: longer where the particles move further.
  std::vector<double> pace(double total_s, double spread, bool scaled) const;
};

// Reads every step; may wait for the disk, so call it from a worker thread. Null when the tape is not one of points in the plane.
std::shared_ptr<const TapePoints> readTapePoints(const Tapes& tapes, const TapeInfo& info);

}  // namespace orrery::ui
