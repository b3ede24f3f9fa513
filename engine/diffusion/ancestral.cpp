#include "engine/diffusion/ancestral.h"

#include <algorithm>
#include <cmath>

#include "engine/api/result.h"
#include "engine/diffusion/discrete_steps.h"

namespace orrery::diffusion {

void check_ladder(const std::vector<double>& alpha_bars) {
  bool rises = alpha_bars.size() >= 2 && alpha_bars.front() > 0.0 && alpha_bars.back() <= 1.0;
  for (std::size_t i = 1; rises && i < alpha_bars.size(); ++i) rises = alpha_bars[i] > alpha_bars[i - 1];
  if (!rises)
    throw Error(ErrorCode::wrong_use, "The noise levels of this sampler do not fall from step to step.", "Nothing was sampled.",
                "Ask for at least one step, and for no more than the model knows.");
}

at::Tensor sample_ancestral(const Denoise& denoise, const at::Tensor& start, const std::vector<double>& alpha_bars, const AncestralOptions& options,
                            const NoiseSource& noise, SampleObserver& observer, const Span& span) {
  check_ladder(alpha_bars);
  const auto steps = static_cast<std::int64_t>(alpha_bars.size()) - 1;
  at::Tensor x = start;
  const std::int64_t first = span.first - span.base, until = std::min(span.until - span.base, steps);
  for (std::int64_t step = first; step < until; ++step) {
    if (observer.cancelled()) return {};
    const double from = alpha_bars[static_cast<std::size_t>(step)], to = alpha_bars[static_cast<std::size_t>(step) + 1];
    at::Tensor x0 = denoise(x, sigma_of(from), span.base + step);
    if (options.clip) x0 = x0.clamp(-1.0, 1.0);
    const Posterior p = posterior_between(from, to);
    at::Tensor next = x0 * p.on_x0 + x * (std::sqrt(from) * p.on_x);
    if (to < 1.0) next = next + noise(span.base + step, x) * std::sqrt(options.variance == FixedVariance::large ? p.beta : p.variance);
    x = next / std::sqrt(to);
    observer.on_step({span.base + step, span.base + steps, step + 1 - first, sigma_of(to), x, x0});
  }
  return x;
}

}  // namespace orrery::diffusion
