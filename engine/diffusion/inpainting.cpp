#include "engine/diffusion/inpainting.h"

#include <ATen/ops/lerp.h>

#include <algorithm>
#include <cmath>

namespace orrery::diffusion {
namespace {

// Keeps the one step that a call makes to itself.
class OneStep : public SampleObserver {
 public:
  explicit OneStep(SampleObserver& outer) : outer_(outer) {}
  bool cancelled() override { return outer_.cancelled(); }
  void on_start(double sigma, const at::Tensor& x) override { outer_.on_start(sigma, x); }
  void on_step(const SampleStep& step) override {
    x = step.x;
    x0 = step.x0;
    sigma = step.sigma;
    evaluations += step.evaluations;
  }

  at::Tensor x, x0;
  double sigma = 0.0;
  std::int64_t evaluations = 0;  // of all calls

 private:
  SampleObserver& outer_;
};

}  // namespace

Denoise keep_known(Denoise denoise, at::Tensor known, at::Tensor mask) {
  return [denoise = std::move(denoise), known = std::move(known), mask = std::move(mask)](const at::Tensor& x, double sigma, std::int64_t step) {
    return at::lerp(known, denoise(x, sigma, step), mask.expand_as(known));
  };
}

at::Tensor sample_in_rounds(const NamedSampler& sampler, const Denoise& denoise, const at::Tensor& latents, const SamplerSettings& settings, std::int64_t rounds,
                            const RoundNoise& noise, SampleObserver& observer) {
  const Span span = settings.span;
  const auto steps = static_cast<std::int64_t>(settings.levels.size()), end = std::min(span.until, span.base + steps);
  SamplerSettings one = settings;
  OneStep last(observer);
  for (std::int64_t step = span.first; step < end; ++step) {
    const double from = settings.levels[static_cast<std::size_t>(step - span.base)];
    one.span.first = step;
    one.span.until = step + 1;
    for (std::int64_t round = 1;; ++round) {
      const at::Tensor done = sampler.sample(denoise, latents, one, [&](std::int64_t draw, const at::Tensor& like) { return noise(round, draw, like); }, &last);
      if (!done.defined()) return {};
      one.state = last.x;
      if (round >= rounds || last.sigma <= 0.0) break;
      one.state = last.x + noise(-round, step, last.x) * std::sqrt(from * from - last.sigma * last.sigma);
    }
    observer.on_step({step, span.base + steps, last.evaluations, last.sigma, last.x, last.x0});
  }
  return one.state;
}

}  // namespace orrery::diffusion
