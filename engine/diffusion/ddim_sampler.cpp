#include "engine/diffusion/ddim_sampler.h"

#include <algorithm>
#include <cmath>

#include "engine/api/result.h"
#include "engine/diffusion/ancestral.h"
#include "engine/diffusion/discrete_steps.h"

namespace orrery::diffusion {

at::Tensor sample_ddim(const Denoise& denoise, const at::Tensor& start, const std::vector<double>& alpha_bars, const DdimOptions& options, const NoiseSource& noise,
                       SampleObserver& observer, const Span& span) {
  check_ladder(alpha_bars);
  if (!(options.eta >= 0.0 && options.eta <= 1.0))
    throw Error(ErrorCode::wrong_use, "eta is outside 0 to 1.", "Nothing was sampled.", "Choose 0 for the deterministic sampler, 1 for the ancestral one.");
  const auto steps = static_cast<std::int64_t>(alpha_bars.size()) - 1;
  at::Tensor x = start;
  const std::int64_t first = span.first - span.base, until = std::min(span.until - span.base, steps);
  for (std::int64_t step = first; step < until; ++step) {
    if (observer.cancelled()) return {};
    const double from = alpha_bars[static_cast<std::size_t>(step)], to = alpha_bars[static_cast<std::size_t>(step) + 1], sigma = sigma_of(from);
    at::Tensor x0 = denoise(x, sigma, span.base + step);
    if (options.clip) x0 = x0.clamp(-1.0, 1.0);
    const double deviation = ddim_deviation(from, to, options.eta);
    x = ddim_step(x0, (x - x0) / sigma, to, deviation, deviation > 0.0 ? noise(span.base + step, x) : at::Tensor()) / std::sqrt(to);
    observer.on_step({span.base + step, span.base + steps, step + 1 - first, sigma_of(to), x, x0});
  }
  return x;
}

at::Tensor invert_ddim(const Denoise& denoise, const at::Tensor& end, const std::vector<double>& alpha_bars, const InversionOptions& options, SampleObserver& observer) {
  check_ladder(alpha_bars);
  const auto last = static_cast<std::int64_t>(alpha_bars.size()) - 1;
  std::int64_t evaluations = 0;
  at::Tensor x = end, x0 = end;
  for (std::int64_t step = 0; step < last; ++step) {
    const double low = sigma_of(alpha_bars[static_cast<std::size_t>(last - step)]), high = sigma_of(alpha_bars[static_cast<std::size_t>(last - step) - 1]);
    // The network's step of the way down that this one undoes.
    const std::int64_t asked = last - 1 - step;
    at::Tensor next = x;
    if (low > 0.0) {
      if (observer.cancelled()) return {};
      x0 = denoise(x, low, asked);
      ++evaluations;
      next = x + (x - x0) * ((high - low) / low);
    } else if (options.rounds == 0) {
      next = x * std::sqrt(1.0 + high * high);  // a clean picture passes for a state at the lowest level
    }
    // On the way down: x = next + (low - high) noise(next).
    for (std::int64_t round = 0; round < options.rounds; ++round) {
      if (observer.cancelled()) return {};
      x0 = denoise(next, high, asked);
      ++evaluations;
      const at::Tensor better = x + (next - x0) * ((high - low) / high);
      const double moved = (better - next).abs().max().item<double>();
      next = better;
      if (moved <= options.tolerance * high) break;
    }
    x = next;
    observer.on_step({step, last, evaluations, high, x, x0});
  }
  return x;
}

}  // namespace orrery::diffusion
