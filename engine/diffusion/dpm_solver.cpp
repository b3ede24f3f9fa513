#include "engine/diffusion/dpm_solver.h"

#include <algorithm>
#include <cmath>

#include "engine/api/result.h"

namespace orrery::diffusion {
namespace {

// phi functions of the step h in lambda, with the signs of the two parametrisations folded in: the step from sigma_s to sigma_t is
//   carry(h) x + first(h) m + second(h) D1 + third(h) D2.
struct Integrator {
  bool predict_x0;

  // In x0 + sigma noise the noise form leaves x alone, the x0 form shrinks it by sigma_t / sigma_s = e^-h.
  double carry(double h) const { return predict_x0 ? std::exp(-h) : 1.0; }
  double unit(double sigma_t) const { return predict_x0 ? 1.0 : sigma_t; }
  double phi1(double h) const { return predict_x0 ? std::expm1(-h) : std::expm1(h); }
  double phi2(double h) const { return predict_x0 ? phi1(h) / h + 1.0 : phi1(h) / h - 1.0; }
  double phi3(double h) const { return phi2(h) / h - 0.5; }
  double second_sign() const { return predict_x0 ? 1.0 : -1.0; }
};

class Solver {
 public:
  Solver(const Denoise& denoise, const std::vector<double>& sigmas, const DpmSolverOptions& options, SampleObserver& observer)
      : denoise_(denoise), sigmas_(sigmas), options_(options), observer_(observer), f_{options.predict_x0} {}

  at::Tensor run(at::Tensor x) {
    const auto order = static_cast<std::size_t>(options_.order), stride = options_.multistep ? std::size_t{1} : order;
    const auto steps = static_cast<std::int64_t>((sigmas_.size() - 1) / stride);
    for (std::int64_t step = 0; step < steps; ++step) {
      step_ = step;
      const std::size_t s = static_cast<std::size_t>(step) * stride;
      x = options_.multistep ? multistep(x, s, effective_order(step, steps)) : singlestep(x, s);
      if (!x.defined()) return {};
      observer_.on_step({step, steps, evaluations_, sigmas_[s + stride], x, x0_});
    }
    return x;
  }

 private:
  double lambda(std::size_t i) const { return -std::log(sigmas_[i]); }

  at::Tensor model(const at::Tensor& x, std::size_t i) {
    if (observer_.cancelled()) return {};
    ++evaluations_;
    x0_ = denoise_(x, sigmas_[i], step_);
    return options_.predict_x0 ? x0_ : (x - x0_) / sigmas_[i];
  }

  std::int64_t effective_order(std::int64_t step, std::int64_t steps) const {
    std::int64_t order = std::min(options_.order, step + 1);
    if (options_.lower_order_final && steps < 10) order = std::min(order, steps - step);
    return order;
  }

  // x after a step of h that ends at level `to`, with the model's value and its scaled differences.
  at::Tensor advance(const at::Tensor& x, const at::Tensor& m, double h, std::size_t to) const { return x * f_.carry(h) - m * (f_.unit(sigmas_[to]) * f_.phi1(h)); }

  at::Tensor multistep(const at::Tensor& x, std::size_t s, std::int64_t order) {
    const at::Tensor now = model(x, s);
    if (!now.defined()) return {};
    past_.push_back(now);
    if (past_.size() > 3) past_.erase(past_.begin());
    const std::size_t n = past_.size(), t = s + 1;
    const double h = lambda(t) - lambda(s), unit = f_.unit(sigmas_[t]);
    at::Tensor next = advance(x, now, h, t);
    if (order == 1) return next;
    const double r0 = (lambda(s) - lambda(s - 1)) / h;
    const at::Tensor d10 = (now - past_[n - 2]) / r0;
    if (order == 2) return next + d10 * (unit * (options_.taylor ? f_.second_sign() * f_.phi2(h) : -0.5 * f_.phi1(h)));
    const double r1 = (lambda(s - 1) - lambda(s - 2)) / h;
    const at::Tensor d11 = (past_[n - 2] - past_[n - 3]) / r1;
    const at::Tensor d1 = d10 + (d10 - d11) * (r0 / (r0 + r1)), d2 = (d10 - d11) / (r0 + r1);
    return next + d1 * (unit * f_.second_sign() * f_.phi2(h)) - d2 * (unit * f_.phi3(h));
  }

  at::Tensor singlestep(const at::Tensor& x, std::size_t s) {
    const auto order = static_cast<std::size_t>(options_.order);
    const std::size_t t = s + order;
    const double h = lambda(t) - lambda(s), unit = f_.unit(sigmas_[t]);
    const at::Tensor m = model(x, s);
    if (!m.defined()) return {};
    const at::Tensor first = advance(x, m, h, t);
    if (order == 1) return first;

    const double r1 = (lambda(s + 1) - lambda(s)) / h;
    const at::Tensor x1 = advance(x, m, r1 * h, s + 1), m1 = model(x1, s + 1);
    if (!m1.defined()) return {};
    if (order == 2) return first + (m1 - m) * (unit / r1 * (options_.taylor ? f_.second_sign() * f_.phi2(h) : -0.5 * f_.phi1(h)));

    const double r2 = (lambda(s + 2) - lambda(s)) / h;
    const at::Tensor x2 = advance(x, m, r2 * h, s + 2) + (m1 - m) * (r2 / r1 * f_.unit(sigmas_[s + 2]) * f_.second_sign() * f_.phi2(r2 * h));
    const at::Tensor m2 = model(x2, s + 2);
    if (!m2.defined()) return {};
    const double second = unit * f_.second_sign() * f_.phi2(h);
    if (!options_.taylor) return first + (m2 - m) * (second / r2);
    const at::Tensor d10 = (m1 - m) / r1, d11 = (m2 - m) / r2;
    return first + (d10 * r2 - d11 * r1) * (second / (r2 - r1)) - (d11 - d10) * (2.0 * unit * f_.phi3(h) / (r2 - r1));
  }

  const Denoise& denoise_;
  const std::vector<double>& sigmas_;
  const DpmSolverOptions& options_;
  SampleObserver& observer_;
  Integrator f_;
  std::vector<at::Tensor> past_;
  at::Tensor x0_;
  std::int64_t step_ = 0, evaluations_ = 0;
};

}  // namespace

at::Tensor sample_dpm_solver(const Denoise& denoise, const at::Tensor& x, const std::vector<double>& sigmas, const DpmSolverOptions& options, SampleObserver& observer) {
  if (options.order < 1 || options.order > 3) throw Error(ErrorCode::wrong_use, "DPM-Solver has orders 1, 2 and 3.");
  const std::size_t stride = options.multistep ? 1 : static_cast<std::size_t>(options.order);
  bool fits = sigmas.size() > stride && (sigmas.size() - 1) % stride == 0 && sigmas.back() > 0.0;
  for (std::size_t i = 1; fits && i < sigmas.size(); ++i) fits = sigmas[i] < sigmas[i - 1];
  if (!fits) throw Error(ErrorCode::wrong_use, "The noise levels of this solver must fall, stay above zero and fit its order.");
  return Solver(denoise, sigmas, options, observer).run(x);
}

}  // namespace orrery::diffusion
