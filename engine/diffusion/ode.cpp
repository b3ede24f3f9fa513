#include "engine/diffusion/ode.h"

#include <ATen/ops/mv.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/api/result.h"
#include "engine/diffusion/ode_tables.h"

namespace orrery::diffusion {
namespace {

double rms(const at::Tensor& x) { return x.norm().item<double>() / std::sqrt(static_cast<double>(x.numel())); }

at::Tensor row(const double* values, std::int64_t count) { return at::tensor(std::vector<double>(values, values + count), at::kDouble); }

// One explicit Runge-Kutta pair whose last stage is the first of the next step.
struct Method {
  std::vector<double> c;        // of the stages
  std::vector<at::Tensor> a;    // row i: i coefficients; the last row is the step
  int estimate_order = 4;       // of the error estimate
  std::function<double(const at::Tensor& k, double h, const at::Tensor& scale)> error;  // k [stages + 1, n]
  std::int64_t rows = 0;        // of k, those of the interpolation included
};

Method rk45() {
  Method m;
  m.c = {0.0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1.0};
  const double a[7][6] = {{},
                          {1.0 / 5},
                          {3.0 / 40, 9.0 / 40},
                          {44.0 / 45, -56.0 / 15, 32.0 / 9},
                          {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
                          {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
                          {35.0 / 384, 0.0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}};
  for (std::int64_t i = 0; i < 7; ++i) m.a.push_back(row(a[i], i));
  const double e[7] = {-71.0 / 57600, 0.0, 71.0 / 16695, -71.0 / 1920, 17253.0 / 339200, -22.0 / 525, 1.0 / 40};
  m.error = [estimate = row(e, 7)](const at::Tensor& k, double h, const at::Tensor& scale) { return rms(at::mv(k.t(), estimate) * h / scale); };
  m.rows = 7;
  return m;
}

Method dop853_method() {
  Method m;
  m.c.assign(dop853::c.begin(), dop853::c.begin() + dop853::stages);
  for (std::int64_t i = 0; i <= dop853::stages; ++i) m.a.push_back(row(dop853::a[static_cast<std::size_t>(i)].data(), i));
  m.estimate_order = 7;
  m.rows = dop853::all_stages;
  const auto count = dop853::stages + 1;
  m.error = [count, e3 = row(dop853::error3.data(), count), e5 = row(dop853::error5.data(), count)](const at::Tensor& k, double h, const at::Tensor& scale) {
    const at::Tensor used = k.narrow(0, 0, count).t();
    const double five = std::pow((at::mv(used, e5) / scale).norm().item<double>(), 2), three = std::pow((at::mv(used, e3) / scale).norm().item<double>(), 2);
    if (five == 0.0 && three == 0.0) return 0.0;
    return std::abs(h) * five / std::sqrt((five + 0.01 * three) * static_cast<double>(scale.numel()));
  };
  return m;
}

class Integration {
 public:
  Integration(const Slope& slope, double t0, double t1, const at::Tensor& y, const OdeOptions& options, Method method)
      : slope_(slope), options_(options), method_(std::move(method)), shape_(y.sizes().vec()), end_(t1), direction_(t1 >= t0 ? 1.0 : -1.0), t_(t0) {
    y_ = y.to(at::kDouble).reshape({-1}).clone();
    k_ = at::zeros({method_.rows, y_.numel()}, y_.options());
  }

  OdeResult run(const std::vector<double>& times) {
    std::size_t next = 0;
    f_ = evaluate(t_, y_);
    double step = first_step();
    while (direction_ * (end_ - t_) > 0.0) {
      if (options_.cancelled && options_.cancelled()) return {};
      step = advance(step);
      const std::size_t first = next;
      while (next < times.size() && direction_ * (times[next] - t_) <= 0.0) ++next;
      if (next > first) interpolate(times, first, next);
      ++result_.steps;
    }
    result_.y = y_.view(shape_);
    return std::move(result_);
  }

 private:
  at::Tensor evaluate(double t, const at::Tensor& y) {
    ++result_.evaluations;
    return slope_(t, y.view(shape_)).reshape({-1});
  }

  // Hairer et al., section II.4, "starting step size".
  double first_step() {
    const double whole = std::abs(end_ - t_);
    if (whole == 0.0) return 0.0;
    const at::Tensor scale = y_.abs() * options_.relative + options_.absolute;
    const double d0 = rms(y_ / scale), d1 = rms(f_ / scale);
    const double h0 = std::min(d0 < 1e-5 || d1 < 1e-5 ? 1e-6 : 0.01 * d0 / d1, whole);
    const double d2 = rms((evaluate(t_ + h0 * direction_, y_ + f_ * (h0 * direction_)) - f_) / scale) / h0;
    const double h1 = d1 <= 1e-15 && d2 <= 1e-15 ? std::max(1e-6, h0 * 1e-3) : std::pow(0.01 / std::max(d1, d2), 1.0 / (method_.estimate_order + 1));
    return std::min({100.0 * h0, h1, whole});
  }

  // One accepted step; returns the size to try next.
  double advance(double size) {
    const double smallest = 10.0 * std::abs(std::nextafter(t_, direction_ * std::numeric_limits<double>::infinity()) - t_);
    const double exponent = -1.0 / (method_.estimate_order + 1);
    size = std::max(size, smallest);
    for (bool rejected = false;; rejected = true) {
      if (!(size >= smallest)) throw Error(ErrorCode::failed, "The differential equation cannot be solved to this accuracy: its steps become too small.");
      double t_new = t_ + size * direction_;
      if (direction_ * (t_new - end_) > 0.0) t_new = end_;
      const double h = t_new - t_;
      size = std::abs(h);
      k_[0].copy_(f_);
      const auto stages = static_cast<std::int64_t>(method_.c.size());
      for (std::int64_t i = 1; i < stages; ++i)
        k_[i].copy_(evaluate(t_ + method_.c[static_cast<std::size_t>(i)] * h, y_ + combined(i, method_.a[static_cast<std::size_t>(i)]) * h));
      const at::Tensor y_new = y_ + combined(stages, method_.a.back()) * h;
      const at::Tensor f_new = evaluate(t_new, y_new);
      k_[stages].copy_(f_new);
      const double error = method_.error(k_, h, at::maximum(y_.abs(), y_new.abs()) * options_.relative + options_.absolute);
      if (error < 1.0) {
        double factor = error == 0.0 ? 10.0 : std::min(10.0, 0.9 * std::pow(error, exponent));
        if (rejected) factor = std::min(1.0, factor);
        before_ = {t_, h, y_, f_};
        t_ = t_new, y_ = y_new, f_ = f_new;
        return size * factor;
      }
      size *= std::isfinite(error) ? std::max(0.2, 0.9 * std::pow(error, exponent)) : 0.2;
    }
  }

  at::Tensor combined(std::int64_t count, const at::Tensor& coefficients) const { return at::mv(k_.narrow(0, 0, count).t(), coefficients); }

  // The nested polynomial of order 7 over the last step.
  void interpolate(const std::vector<double>& times, std::size_t first, std::size_t last) {
    for (std::int64_t i = dop853::stages + 1; i < dop853::all_stages; ++i) {
      const auto stage = static_cast<std::size_t>(i);
      k_[i].copy_(evaluate(before_.t + dop853::c[stage] * before_.h, before_.y + combined(i, row(dop853::a[stage].data(), i)) * before_.h));
    }
    const at::Tensor change = y_ - before_.y;
    std::vector<at::Tensor> f{change, before_.f * before_.h - change, change * 2.0 - (f_ + before_.f) * before_.h};
    for (const auto& coefficients : dop853::d) f.push_back(combined(dop853::all_stages, row(coefficients.data(), dop853::all_stages)) * before_.h);
    for (std::size_t i = first; i < last; ++i) {
      const double x = (times[i] - before_.t) / before_.h;
      at::Tensor y = at::zeros_like(y_);
      for (std::size_t j = 0; j < f.size(); ++j) y = (y + f[f.size() - 1 - j]) * (j % 2 == 0 ? x : 1.0 - x);
      result_.at.push_back((y + before_.y).view(shape_));
    }
  }

  struct Before {
    double t = 0.0, h = 0.0;
    at::Tensor y, f;
  };
  const Slope& slope_;
  const OdeOptions& options_;
  Method method_;
  std::vector<std::int64_t> shape_;
  double end_, direction_, t_;
  at::Tensor y_, f_, k_;
  Before before_;
  OdeResult result_;
};

}  // namespace

OdeResult integrate_rk45(const Slope& slope, double t0, double t1, const at::Tensor& y, const OdeOptions& options) {
  return Integration(slope, t0, t1, y, options, rk45()).run({});
}

OdeResult integrate_dop853(const Slope& slope, double t0, double t1, const at::Tensor& y, const OdeOptions& options, const std::vector<double>& times) {
  return Integration(slope, t0, t1, y, options, dop853_method()).run(times);
}

}  // namespace orrery::diffusion
