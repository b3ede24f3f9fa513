// Seconds to pixels and back, and where the ruler has its marks. One for the tracks and the curves, so that both agree.
#pragma once

#include <QString>
#include <algorithm>
#include <cmath>
#include <initializer_list>

namespace orrery::ui {

struct TimeScale {
  double left_px = 0.0;        // of time 0, after scrolling
  double px_per_s = 100.0;

  double x(double time_s) const { return left_px + time_s * px_per_s; }
  double time(double x_px) const { return (x_px - left_px) / px_per_s; }
  // Seconds between marks that carry a number: a round figure, at least `least_px` apart.
  double markEvery(double least_px = 64.0) const {
    for (const double step : {0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0}) {
      if (step * px_per_s >= least_px) return step;
    }
    return 7200.0;
  }
};

inline QString timeText(double time_s, int decimals = 2) {
  const auto minutes = static_cast<int>(time_s / 60.0);
  const double seconds = time_s - 60.0 * minutes;
  if (minutes == 0) return QStringLiteral("%1 s").arg(seconds, 0, 'f', decimals);
  return QStringLiteral("%1:%2").arg(minutes).arg(seconds, decimals > 0 ? 3 + decimals : 2, 'f', decimals, QLatin1Char('0'));
}

}  // namespace orrery::ui
