// How evenly the stage moves: the times between frames while something is being dragged.
#pragma once

#include <QElapsedTimer>
#include <vector>

namespace orrery::ui {

class FrameGaps {
 public:
  void begin();  // a drag begins; forgets the one before
  void end();
  void frame();  // a frame is on the screen
  bool running() const { return running_; }

  int count() const { return static_cast<int>(gaps_ms_.size()); }
  double percentile(double p) const;  // p in [0, 1]; 0 when there were no frames
  double worst() const { return percentile(1.0); }

 private:
  QElapsedTimer timer_;
  std::vector<double> gaps_ms_;
  bool running_ = false;
};

}  // namespace orrery::ui
