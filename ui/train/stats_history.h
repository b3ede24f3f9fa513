// The curves of one run, and the arithmetic of looking at them.
#pragma once

#include <QByteArray>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/api/training.h"

namespace orrery::ui {

struct Curve {
  std::vector<double> kimg;
  std::vector<double> wall_s;
  std::vector<double> value;
};

class StatsHistory {
 public:
  // A point that lies before the last one begins a resumed stretch: what lay beyond it is dropped.
  void add(const StatsPoint& point);
  const std::map<std::string, Curve>& curves() const { return curves_; }
  bool empty() const { return curves_.empty(); }

  // Reads stats.jsonl. Lines that are not whole objects (the last one of a killed run) are left out.
  static StatsHistory parse(const QByteArray& jsonl);

 private:
  std::map<std::string, Curve> curves_;
  StatsPoint last_;
};

// Exponential moving average without the pull towards zero at its start (Adam's bias correction); strength in [0, 1), 0 leaves the values alone.
// Values that are not finite are passed through and do not count.
std::vector<double> smoothed(const std::vector<double>& values, double strength);

// The range that shows all but the most extreme hundredth on either side.
std::pair<double, double> rangeWithoutOutliers(std::vector<double> values);

}  // namespace orrery::ui
