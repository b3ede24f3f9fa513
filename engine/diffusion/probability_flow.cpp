#include "engine/diffusion/probability_flow.h"

#include <algorithm>
#include <cmath>

namespace orrery::diffusion {

Score score_of(Denoise denoise) {
  return [denoise = std::move(denoise)](const at::Tensor& x, double sigma) { return (denoise(x, sigma, 0) - x) / (sigma * sigma); };
}

Slope edm_flow(Score score) {
  return [score = std::move(score)](double t, const at::Tensor& x) { return score(x, t) * -t; };
}

Slope ve_flow(Score score) {
  return [score = std::move(score)](double t, const at::Tensor& x) { return score(x, std::sqrt(std::max(t, 0.0))) * -0.5; };
}

Slope vp_flow(Score score, VpProcess process) {
  return [score = std::move(score), process](double t, const at::Tensor& x) {
    const double s = process.scale(t);
    return (x + score(x / s, process.sigma(t)) / s) * (-0.5 * process.beta(t));
  };
}

at::Tensor annealed_langevin(const Denoise& denoise, const at::Tensor& start, const std::vector<double>& sigmas, std::int64_t rounds, double factor, const NoiseSource& noise,
                             SampleObserver& observer) {
  at::Tensor x = start, x0;
  const auto levels = static_cast<std::int64_t>(sigmas.size());
  std::int64_t draw = 0;
  for (std::int64_t level = 0; level < levels; ++level) {
    const double sigma = sigmas[static_cast<std::size_t>(level)], step = factor * sigma * sigma;
    for (std::int64_t round = 0; round < rounds; ++round) {
      if (observer.cancelled()) return {};
      x0 = denoise(x, sigma, level);
      x = x + (x0 - x) * (step / (sigma * sigma)) + noise(draw, x) * std::sqrt(2.0 * step);
      ++draw;
    }
    observer.on_step({level, levels, draw, sigma, x, x0});
  }
  return x;
}

}  // namespace orrery::diffusion
