// What all samplers share: they are free functions over a Denoiser's prediction, with a per-sample source of noise and an observer.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

namespace orrery::diffusion {

// D(x; sigma) for the whole batch at one noise level: a Denoiser with its condition bound, a guided pair of them, or a closed form.
// x [N, ...] of any floating type, sigma a number, `step` the sampler's step that asks (all evaluations of a step share it; guidance
// intervals count them) -> the shape and type of x.
using Denoise = std::function<at::Tensor(const at::Tensor& x, double sigma, std::int64_t step)>;

// Standard normal noise of the shape and type of `like` for draw number `draw` of a trajectory (draw 0 is the first after the initial
// noise). Sample i must depend on its own seed and on `draw` only, so that sample 7 of a batch of 16 is sample 7 alone.
using NoiseSource = std::function<at::Tensor(std::int64_t draw, const at::Tensor& like)>;
// Counter-based: sample i, draw k from Rng(seeds[i]) (engine/device/rng.h).
NoiseSource seeded_noise(std::vector<std::uint64_t> seeds);

// The part of a trajectory that a call makes. Steps are numbered from `base`, where the ladder of noise levels begins; the call goes on from
// step `first` and stops at step `until`. Noise is drawn, guidance chosen and the observer told by these numbers.
struct Span {
  std::int64_t base = 0;
  std::int64_t first = 0;
  std::int64_t until = std::numeric_limits<std::int64_t>::max();
};

// One finished step. Step k of `steps` goes from noise level k to k + 1 of the sampler's ladder.
struct SampleStep {
  std::int64_t step = 0;
  std::int64_t steps = 0;
  std::int64_t evaluations = 0;  // of the network so far, in this call
  double sigma = 0.0;            // of `x`, after the step
  const at::Tensor& x;           // the state after the step, in the coordinates x0 + sigma * noise
  const at::Tensor& x0;          // the network's last prediction
};
// Watches a trajectory. A sampler that was cancelled returns an undefined tensor.
class SampleObserver {
 public:
  virtual ~SampleObserver() = default;
  virtual bool cancelled() { return false; }           // asked before every evaluation
  // The state before the first step, of samplers that make it from latents of unit variance; in the coordinates of SampleStep::x.
  virtual void on_start(double /*sigma*/, const at::Tensor& /*x*/) {}
  virtual void on_step(const SampleStep& /*step*/) {}
};

}  // namespace orrery::diffusion
