#include "engine/diffusion/inversion.h"

#include <ATen/ops/eye.h>
#include <ATen/ops/linalg_solve.h>
#include <ATen/ops/stack.h>

#include <cmath>
#include <deque>
#include <limits>
#include <utility>

namespace orrery::diffusion {
namespace {

// The next point from the last ones and their residuals: the combination whose residuals, were the map linear, cancel best.
class Anderson {
 public:
  explicit Anderson(std::int64_t memory) : memory_(static_cast<std::size_t>(memory)) {}

  at::Tensor next(const at::Tensor& point, const at::Tensor& residual) {
    if (last_point_.defined()) {
      moves_.push_back((point - last_point_).flatten());
      changes_.push_back((residual - last_residual_).flatten());
      if (moves_.size() > memory_) moves_.pop_front(), changes_.pop_front();
    }
    last_point_ = point;
    last_residual_ = residual;
    if (moves_.empty()) return point + residual;
    const at::Tensor moves = at::stack(std::vector<at::Tensor>(moves_.begin(), moves_.end())), changes = at::stack(std::vector<at::Tensor>(changes_.begin(), changes_.end()));
    const at::Tensor gram = changes.matmul(changes.t());
    const double size = gram.diagonal().sum().item<double>();
    if (!(size > 0.0)) return point + residual;
    const at::Tensor weights = at::linalg_solve(gram + at::eye(gram.size(0), gram.options()) * (size * 1e-12), changes.matmul(residual.flatten()));
    return point + residual - (moves + changes).t().matmul(weights).view(point.sizes());
  }
  void forget() {
    moves_.clear();
    changes_.clear();
    last_point_ = at::Tensor();
  }

 private:
  std::size_t memory_;
  std::deque<at::Tensor> moves_, changes_;
  at::Tensor last_point_, last_residual_;
};

// Keeps the state that one step ends in, unscaled.
class LastState : public SampleObserver {
 public:
  explicit LastState(SampleObserver& outer) : outer_(outer) {}
  bool cancelled() override { return outer_.cancelled(); }
  void on_step(const SampleStep& step) override { x = step.x; }
  at::Tensor x;

 private:
  SampleObserver& outer_;
};

}  // namespace

StepInversion invert_step(const DownStep& down, const at::Tensor& end, std::int64_t step, const std::vector<double>& levels, const at::Tensor& guess,
                          const StepInversionOptions& options) {
  const double enough = options.tolerance * (1.0 + levels.at(static_cast<std::size_t>(step) + 1));
  StepInversion best;
  best.error = std::numeric_limits<double>::infinity();
  Anderson anderson(options.memory);
  at::Tensor point = guess.defined() ? guess : end;
  at::Tensor best_residual;
  std::int64_t worse = 0;
  bool again = false;
  for (std::int64_t round = 1; round <= options.rounds; ++round) {
    const at::Tensor reached = down(point, step);
    if (!reached.defined()) return {};
    const at::Tensor residual = end - reached;
    const double error = residual.abs().max().item<double>();
    best.rounds = round;
    if (!best.x.defined() || error < best.error) {
      worse = 0;
      best.x = point;
      best.error = error;
      best_residual = residual;
      if (error <= enough || !std::isfinite(error)) break;  // found, or the network gives no numbers
    } else if (++worse >= 3) {
      // Not a contraction here: carefully from the best again, once.
      if (std::exchange(again, true)) break;
      worse = 0;
      anderson.forget();
      point = best.x + best_residual * 0.5;
      continue;
    }
    point = anderson.next(point, residual);
  }
  return best;
}

StepInversion invert_step(const NamedSampler& sampler, const Denoise& denoise, const SamplerSettings& settings, const at::Tensor& end, std::int64_t step,
                          const at::Tensor& guess, SampleObserver& observer, const StepInversionOptions& options) {
  const NamedSampler& plain = sampler_named(sampler.without_noise);
  SamplerSettings one = settings;
  one.churn = one.eta = 0.0;
  one.span = {0, step, step + 1};
  std::vector<double> levels = settings.levels;
  levels.push_back(0.0);
  const DownStep down = [&](const at::Tensor& x, std::int64_t) -> at::Tensor {
    LastState last(observer);
    one.state = x;
    return plain.sample(denoise, x, one, {}, &last).defined() ? last.x : at::Tensor();
  };
  return invert_step(down, end, step, levels, guess, options);
}

}  // namespace orrery::diffusion
