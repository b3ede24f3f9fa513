#include "ui/space/tape_points.h"

#include <algorithm>

namespace orrery::ui {
namespace {

constexpr std::size_t kPaceParticles = 200;
constexpr double kLeastShare = 0.35;  // of a step's even share of the time, however little moves

}  // namespace

double TapePoints::levelAt(double step) const {
  if (steps.empty()) return 0.0;
  step = std::clamp(step, 0.0, last());
  const auto k = std::min(static_cast<std::size_t>(step), steps.size() - 1);
  if (k + 1 >= steps.size()) return steps[k].level;
  return steps[k].level + (steps[k + 1].level - steps[k].level) * (step - static_cast<double>(k));
}

QPointF TapePoints::drawnAt(std::size_t particle, double step, double spread, bool scaled) const {
  step = std::clamp(step, 0.0, last());
  const auto k = std::min(static_cast<std::size_t>(step), states.size() - 1);
  const auto at = [&](std::size_t i) {
    const double scale = drawnScale(steps[i].level, spread, scaled);
    return QPointF(states[i][2 * particle] * scale, states[i][2 * particle + 1] * scale);
  };
  const QPointF here = at(k);
  const double u = step - static_cast<double>(k);
  return k + 1 >= states.size() || u <= 0.0 ? here : here + (at(k + 1) - here) * u;
}

double TapePoints::stepAt(double level) const {
  for (std::size_t i = 0; i + 1 < steps.size(); ++i) {
    if (level >= steps[i].level) return static_cast<double>(i);
    if (level > steps[i + 1].level) return static_cast<double>(i) + (steps[i].level - level) / (steps[i].level - steps[i + 1].level);
  }
  return last();
}

double TapePoints::spreadOfEnd() const {
  if (states.empty() || states.back().empty()) return 0.5;
  double sum[2] = {}, squares[2] = {};
  for (std::size_t i = 0; i < states.back().size(); ++i) sum[i % 2] += states.back()[i], squares[i % 2] += static_cast<double>(states.back()[i]) * states.back()[i];
  const double n = static_cast<double>(states.back().size()) / 2.0;
  double variance = 0.0;
  for (int axis = 0; axis < 2; ++axis) variance += 0.5 * (squares[axis] / n - sum[axis] * sum[axis] / n / n);
  return std::isfinite(variance) ? std::clamp(std::sqrt(std::max(variance, 0.0)), 0.05, 5.0) : 0.5;
}

std::vector<double> TapePoints::pace(double total_s, double spread, bool scaled) const {
  std::vector<double> moved;
  const std::size_t count = std::min(particles(), kPaceParticles);
  double all = 0.0;
  for (std::size_t k = 0; k + 1 < states.size(); ++k) {
    double sum = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
      const QPointF way = drawnAt(i, static_cast<double>(k + 1), spread, scaled) - drawnAt(i, static_cast<double>(k), spread, scaled);
      const double far = std::hypot(way.x(), way.y());
      if (std::isfinite(far)) sum += far;
    }
    moved.push_back(sum);
    all += sum;
  }
  std::vector<double> times{0.0};
  const double even = moved.empty() ? 0.0 : 1.0 / static_cast<double>(moved.size());
  for (const double way : moved) times.push_back(times.back() + (kLeastShare * even + (1.0 - kLeastShare) * (all > 0.0 ? way / all : even)) * total_s);
  return times;
}

std::shared_ptr<const TapePoints> readTapePoints(const Tapes& tapes, const TapeInfo& info) {
  auto out = std::make_shared<TapePoints>();
  out->tape = info.id;
  out->request = info.request;
  out->complete = info.complete;
  for (std::size_t i = 0; i < info.steps.size(); ++i) {
    auto points = tapes.points(info.id, static_cast<std::int64_t>(i), TapeRow::state);
    if (!points || points.value().empty() || (i > 0 && points.value().size() != out->states.front().size())) break;
    out->states.push_back(std::move(points.value()));
    out->steps.push_back(info.steps[i]);
  }
  return out->states.empty() ? nullptr : out;
}

}  // namespace orrery::ui
