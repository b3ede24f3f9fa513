#include "ui/stage/frame_gaps.h"

#include <algorithm>
#include <cmath>

namespace orrery::ui {

void FrameGaps::begin() {
  gaps_ms_.clear();
  timer_.invalidate();
  running_ = true;
}

void FrameGaps::end() { running_ = false; }

void FrameGaps::frame() {
  if (!running_) return;
  if (timer_.isValid()) gaps_ms_.push_back(static_cast<double>(timer_.nsecsElapsed()) * 1e-6);
  timer_.start();
}

double FrameGaps::percentile(double p) const {
  if (gaps_ms_.empty()) return 0.0;
  std::vector<double> sorted = gaps_ms_;
  std::sort(sorted.begin(), sorted.end());
  const auto last = static_cast<double>(sorted.size() - 1);
  return sorted[static_cast<std::size_t>(std::lround(std::clamp(p, 0.0, 1.0) * last))];
}

}  // namespace orrery::ui
