// An iterative player without a network: the closed form of one Gaussian, sampled by Euler's method with fresh noise in every step, in float64.
// Its steps, branches and noise behave as a diffusion model's; an evaluation costs what the test says.
#pragma once

#include <ATen/ops/full.h>
#include <ATen/ops/full_like.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <thread>

#include "engine/device/rng.h"
#include "engine/explore/model_source.h"
#include "engine/explore/tape_branches.h"

namespace orrery::tests {

struct TinyBehaviour {
  std::atomic<int> evaluations{0};
  std::atomic<int> ms{0};             // per evaluation
  std::atomic<bool> exact{true};      // goes on from inside a stretch
  std::atomic<bool> points{false};    // in the plane instead of pictures
  std::atomic<int> side_px{8};
  std::atomic<int> broken_at{-1};     // the network gives NaN at this step
};

// Controls "seed", "steps" (10), "mean" (0.2), "churn" (0.3).
class TinyDenoiser : public Player {
 public:
  explicit TinyDenoiser(TinyBehaviour& behaviour) : behaviour_(behaviour) {}
  std::vector<ControlSpec> controls() const override {
    ControlSpec seed, steps, mean, churn;
    seed.id = "seed", seed.kind = ControlKind::seed, seed.neutral = std::int64_t{0}, seed.max = 1e6;
    steps.id = "steps", steps.kind = ControlKind::integer, steps.neutral = std::int64_t{10}, steps.min = 1, steps.max = 10000;
    mean.id = "mean", mean.neutral = 0.2, mean.min = -1.0;
    churn.id = "churn", churn.neutral = 0.3;
    return {seed, steps, mean, churn};
  }
  PictureShape picture_shape() const override { return {3, behaviour_.side_px, behaviour_.side_px}; }

  at::Tensor render(const std::vector<Request>& requests, RenderObserver& observer) override {
    const auto row = stretches(requests.at(0));
    const Beginning begin = beginning(row, observer, [&](const Stretch&, std::int64_t) { return behaviour_.exact.load(); });
    RenderStep now = begin.from ? *begin.from : start(row.front().settings);
    const std::int64_t known = begin.from ? now.step : -1;
    for (std::size_t i = begin.stretch; i < row.size(); ++i) {
      const Request& settings = row[i].settings;
      const auto all = ladder(settings);
      const bool inside = begin.from && i == begin.stretch;
      const auto rest = rest_of_ladder(all, i == 0 ? all.front() : inside ? begin.level : now.level);
      const std::int64_t first = row[i].first_step, end = first + static_cast<std::int64_t>(rest.size()) - 1;
      const std::int64_t until = i + 1 < row.size() ? row[i + 1].first_step : end;
      if (until > end) throw Error(ErrorCode::wrong_use, "There is no step " + std::to_string(until) + ".", "a", "b");
      for (; now.step < until; step(now, settings, rest[static_cast<std::size_t>(now.step - first)], rest[static_cast<std::size_t>(now.step - first) + 1])) {
        if (now.step > known) tell(observer, now, end);
        if (observer.cancelled()) return {};
      }
      if (i + 1 == row.size()) {
        now.steps = end;
        if (now.step > known) tell(observer, now, end);
      }
    }
    if (behaviour_.points) return at::full({1, 3, 8, 8}, 0.0, at::kFloat);
    return now.state.to(at::kFloat);
  }

  static std::vector<double> ladder(const Request& settings) {
    const auto steps = settings.get<std::int64_t>("steps", 10);
    std::vector<double> out;
    for (std::int64_t i = 0; i < steps; ++i) out.push_back(10.0 * std::pow(0.001, static_cast<double>(i) / static_cast<double>(steps)));
    out.push_back(0.0);
    return out;
  }

 private:
  RenderStep start(const Request& settings) {
    const std::vector<std::int64_t> shape = behaviour_.points ? std::vector<std::int64_t>{50, 2} : std::vector<std::int64_t>{1, 3, behaviour_.side_px, behaviour_.side_px};
    RenderStep out;
    out.level = ladder(settings).front();
    out.state = Rng(seed(settings)).normal(shape, at::kDouble) * out.level;
    out.state_scale = scale(out.level);
    return out;
  }
  void step(RenderStep& now, const Request& settings, double from, double to) {
    if (behaviour_.ms > 0) std::this_thread::sleep_for(std::chrono::milliseconds(behaviour_.ms));
    ++behaviour_.evaluations;
    constexpr double deviation = 0.5;
    const double mean = settings.get<double>("mean", 0.2), share = deviation * deviation / (deviation * deviation + from * from);
    // The network computes in float32, as real ones do.
    now.prediction = ((now.state - mean) * share + mean).to(at::kFloat).to(at::kDouble);
    if (now.step == behaviour_.broken_at) now.prediction = at::full_like(now.prediction, std::nan(""));
    at::Tensor next = now.prediction + (now.state - now.prediction) * (to / from);
    next = next + Rng(seed(settings)).fork("fresh").fork(static_cast<std::uint64_t>(now.step)).normal(next.sizes(), at::kDouble) * (settings.get<double>("churn", 0.3) * to * 0.1);
    now.state = next;
    now.level = to;
    now.state_scale = scale(to);
    now.output_norm = -1.0;
    ++now.step;
    ++now.evaluations;
  }
  static void tell(RenderObserver& observer, RenderStep now, std::int64_t steps) {
    now.steps = steps;
    if (now.step == 0) now.prediction = at::Tensor();
    if (now.state.dim() == 2) now.preview = [] { return at::full({1, 3, 8, 8}, 0.0, at::kFloat); };
    observer.on_step(now);
  }
  static double scale(double level) { return 0.5 / std::sqrt(0.25 + level * level); }
  static std::uint64_t seed(const Request& settings) { return static_cast<std::uint64_t>(settings.get<std::int64_t>("seed", 0)); }

  TinyBehaviour& behaviour_;
};

class TinySource : public ModelSource {
 public:
  explicit TinySource(TinyBehaviour& behaviour) : behaviour_(behaviour), model_(std::make_shared<Model>()) { model_->hash = std::string(64, 'a'); }
  std::shared_ptr<const Model> resolve(const Request&) override { return model_; }
  std::string path_of(const Request&) const override { return "/models/gauss.safetensors"; }
  std::unique_ptr<Player> make_player(std::shared_ptr<const Model>) const override { return std::make_unique<TinyDenoiser>(behaviour_); }

 private:
  TinyBehaviour& behaviour_;
  std::shared_ptr<Model> model_;
};

}  // namespace orrery::tests
