#include "ui/train/stats_history.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <algorithm>
#include <cmath>

namespace orrery::ui {

void StatsHistory::add(const StatsPoint& point) {
  if (point.kimg < last_.kimg || (point.step > 0 && point.step <= last_.step)) {
    for (auto& [name, curve] : curves_) {
      const auto keep = std::lower_bound(curve.kimg.begin(), curve.kimg.end(), point.kimg) - curve.kimg.begin();
      curve.kimg.resize(keep);
      curve.wall_s.resize(keep);
      curve.value.resize(keep);
    }
  }
  last_.kimg = point.kimg;
  last_.step = point.step;
  for (const auto& [name, value] : point.values) {
    Curve& curve = curves_[name];
    curve.kimg.push_back(point.kimg);
    curve.wall_s.push_back(point.wall_s);
    curve.value.push_back(value);
  }
}

StatsHistory StatsHistory::parse(const QByteArray& jsonl) {
  StatsHistory history;
  for (const QByteArray& line : jsonl.split('\n')) {
    const auto document = QJsonDocument::fromJson(line);
    if (!document.isObject()) continue;
    const QJsonObject object = document.object();
    StatsPoint point;
    point.kimg = object.value(QLatin1String("kimg")).toDouble();
    point.wall_s = object.value(QLatin1String("wall_s")).toDouble();
    point.step = object.value(QLatin1String("step")).toInteger();
    static const QStringList kNotCurves{QStringLiteral("step"), QStringLiteral("kimg"), QStringLiteral("wall_s")};
    for (auto it = object.begin(); it != object.end(); ++it) {
      if (it->isDouble() && !kNotCurves.contains(it.key())) point.values[it.key().toStdString()] = it->toDouble();
    }
    history.add(point);
  }
  return history;
}

std::vector<double> smoothed(const std::vector<double>& values, double strength) {
  if (strength <= 0.0) return values;
  std::vector<double> out;
  out.reserve(values.size());
  double mean = 0.0;
  double weight = 0.0;
  for (const double value : values) {
    if (std::isfinite(value)) {
      mean = strength * mean + (1.0 - strength) * value;
      weight = strength * weight + (1.0 - strength);
      out.push_back(mean / weight);
    } else {
      out.push_back(value);
    }
  }
  return out;
}

std::pair<double, double> rangeWithoutOutliers(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  if (values.empty()) return {0.0, 1.0};
  const std::size_t cut = values.size() / 100;
  std::sort(values.begin(), values.end());
  return {values[cut], values[values.size() - 1 - cut]};
}

}  // namespace orrery::ui
