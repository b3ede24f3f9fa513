#include "engine/diffusion/edm_sampler.h"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "engine/diffusion/names.h"

namespace orrery::diffusion {
namespace {

std::vector<double> iddpm_levels(const LadderOptions& o) {
  const at::Tensor u = o.iddpm.u(at::kFloat, at::kDouble);
  std::vector<double> inside;
  for (std::int64_t j = 0; j < u.numel(); ++j) {
    const double level = u.const_data_ptr<double>()[j];
    if (level >= o.sigma_min && level <= o.sigma_max) inside.push_back(level);
  }
  if (inside.empty()) throw std::invalid_argument("the iDDPM ladder has no noise level between sigma_min and sigma_max");
  return inside;
}

}  // namespace

Grid grid_from_name(const std::string& name) {
  return by_name<Grid>(name, "spacing", {{"edm", Grid::edm}, {"vp", Grid::vp}, {"ve", Grid::ve}, {"iddpm", Grid::iddpm}});
}

TimeSchedule time_schedule_from_name(const std::string& name) {
  return by_name<TimeSchedule>(name, "schedule", {{"linear", TimeSchedule::linear}, {"vp", TimeSchedule::vp}, {"ve", TimeSchedule::ve}});
}

Scaling scaling_from_name(const std::string& name) { return by_name<Scaling>(name, "scaling", {{"none", Scaling::none}, {"vp", Scaling::vp}}); }

std::vector<double> noise_ladder(const LadderOptions& o) {
  if (o.steps < 1) throw std::invalid_argument("a sampler needs at least one step");
  if (!(o.sigma_min > 0.0) || !(o.sigma_max > o.sigma_min)) throw std::invalid_argument("sigma_min must be above 0 and below sigma_max");
  std::vector<double> inside;
  if (o.grid == Grid::iddpm) inside = iddpm_levels(o);
  VpSchedule vp;
  if (o.grid == Grid::vp) vp = VpSchedule::through(o.sigma_min, o.sigma_max, o.vp_time_min);
  std::vector<double> levels;
  for (std::int64_t i = 0; i < o.steps; ++i) {
    const double part = o.steps > 1 ? static_cast<double>(i) / static_cast<double>(o.steps - 1) : 0.0;
    switch (o.grid) {
      case Grid::edm: {
        const double from = std::pow(o.sigma_max, 1.0 / o.rho), to = std::pow(o.sigma_min, 1.0 / o.rho);
        levels.push_back(std::pow(from + part * (to - from), o.rho));
        break;
      }
      case Grid::vp: levels.push_back(vp.sigma(1.0 + part * (o.vp_time_min - 1.0))); break;
      case Grid::ve: levels.push_back(o.sigma_max * std::pow(o.sigma_min / o.sigma_max, part)); break;
      case Grid::iddpm: {
        const double stride = o.steps > 1 ? static_cast<double>(inside.size() - 1) / static_cast<double>(o.steps - 1) : 0.0;
        levels.push_back(inside[static_cast<std::size_t>(std::nearbyint(stride * static_cast<double>(i)))]);
        break;
      }
    }
  }
  return levels;
}

double TimeAxis::sigma(double t) const { return schedule == TimeSchedule::vp ? vp.sigma(t) : schedule == TimeSchedule::ve ? std::sqrt(t) : t; }
double TimeAxis::sigma_slope(double t) const { return schedule == TimeSchedule::vp ? vp.sigma_slope(t) : schedule == TimeSchedule::ve ? 0.5 / std::sqrt(t) : 1.0; }
double TimeAxis::time(double s) const { return schedule == TimeSchedule::vp ? vp.time(s) : schedule == TimeSchedule::ve ? s * s : s; }

double TimeAxis::scale(double t) const {
  if (scaling == Scaling::none) return 1.0;
  const double s = sigma(t);
  return 1.0 / std::sqrt(1.0 + s * s);
}

double TimeAxis::scale_slope(double t) const {
  if (scaling == Scaling::none) return 0.0;
  const double s = scale(t);
  return -sigma(t) * sigma_slope(t) * s * s * s;
}

at::Tensor edm_sample(const Denoise& denoise, const at::Tensor& latents, const EdmSamplerOptions& options, const NoiseSource& noise, SampleObserver* observer) {
  const TimeAxis axis{options.schedule, options.scaling, options.vp};
  const auto rounded = [&](double sigma) { return options.round_sigma ? options.round_sigma(sigma) : sigma; };
  std::vector<double> times;
  for (const double sigma : options.ladder) times.push_back(axis.time(rounded(sigma)));
  times.push_back(0.0);
  const auto steps = static_cast<std::int64_t>(options.ladder.size());
  std::int64_t evaluations = 0;
  at::Tensor x0;
  // dx/dt = (sigma'/sigma + s'/s) x - s sigma'/sigma D(x / s; sigma) (equation 81). Undefined when cancelled.
  const auto slope = [&](const at::Tensor& x, double t, std::int64_t step) -> at::Tensor {
    if (observer != nullptr && observer->cancelled()) return {};
    const double sigma = axis.sigma(t), scale = axis.scale(t), rate = axis.sigma_slope(t) / sigma;
    x0 = denoise(scale == 1.0 ? x : x / scale, sigma, step).to(at::kDouble);
    ++evaluations;
    return x * (rate + axis.scale_slope(t) / scale) - x0 * (rate * scale);
  };

  const Span& span = options.span;
  const std::int64_t first = span.first - span.base, until = std::min(span.until - span.base, steps);
  at::Tensor x;
  if (options.state.defined()) {
    const double scale = axis.scale(times[static_cast<std::size_t>(first)]);
    x = scale == 1.0 ? options.state.to(at::kDouble) : options.state.to(at::kDouble) * scale;
  } else {
    const double sigma = axis.sigma(times[0]), scale = axis.scale(times[0]);
    x = latents.to(at::kDouble) * (sigma * scale);
    if (observer != nullptr) observer->on_start(sigma, scale == 1.0 ? x : x / scale);
  }
  const double churn_steps = static_cast<double>(options.churn_steps > 0 ? options.churn_steps : steps);
  const double gamma_most = std::min(options.churn / churn_steps, std::sqrt(2.0) - 1.0);
  for (std::int64_t i = first; i < until; ++i) {
    const double now = times[static_cast<std::size_t>(i)], next = times[static_cast<std::size_t>(i) + 1], sigma_now = axis.sigma(now);
    double t = now;
    if (gamma_most > 0.0 && sigma_now >= options.churn_min && sigma_now <= options.churn_max) {
      t = axis.time(rounded(sigma_now + gamma_most * sigma_now));
      const double sigma = axis.sigma(t), added = std::sqrt(std::max(sigma * sigma - sigma_now * sigma_now, 0.0)) * axis.scale(t) * options.churn_noise;
      x = x * (axis.scale(t) / axis.scale(now)) + noise(span.base + i, x) * added;
    }
    const double h = next - t;
    const at::Tensor d = slope(x, t, span.base + i);
    if (!d.defined()) return {};
    if (!options.second_order || i == steps - 1) {
      x = x + d * h;
    } else {
      const at::Tensor d_prime = slope(x + d * (options.alpha * h), t + options.alpha * h, span.base + i);
      if (!d_prime.defined()) return {};
      const double weight = 1.0 / (2.0 * options.alpha);
      x = x + (d * (1.0 - weight) + d_prime * weight) * h;
    }
    if (observer != nullptr) {
      const double scale = axis.scale(next);
      const at::Tensor shown = scale == 1.0 ? x : x / scale;
      observer->on_step({span.base + i, span.base + steps, evaluations, axis.sigma(next), shown, x0});
    }
  }
  return x;
}

}  // namespace orrery::diffusion
