#include "engine/train/ema.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/api/result.h"
#include "kernels/adam_step/adam_step.h"

namespace orrery {

double ema_beta(const EmaConfig& config, std::int64_t batch, std::int64_t pictures_seen) {
  double half_life = config.half_life_kimg * 1000.0;
  if (config.ramp_up > 0.0) half_life = std::min(half_life, static_cast<double>(pictures_seen) * config.ramp_up);
  return std::pow(0.5, static_cast<double>(batch) / std::max(half_life, 1e-8));
}

void update_average(torch::nn::Module& average, const torch::nn::Module& weights, double beta) {
  const at::NoGradGuard no_grad;
  const std::vector<at::Tensor> to = average.parameters(), from = weights.parameters();
  const std::vector<at::Tensor> to_buffers = average.buffers(), from_buffers = weights.buffers();
  if (to.size() != from.size() || to_buffers.size() != from_buffers.size()) {
    throw Error(ErrorCode::failed, "A network and its moving average differ in their parts.");
  }
  if (beta == 0.0) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i].copy_(from[i]);  // exactly: a + (b - a) need not be b
  } else {
    kernels::ema_step(to, from, 1.0 - beta);
  }
  for (std::size_t i = 0; i < to_buffers.size(); ++i) to_buffers[i].copy_(from_buffers[i]);
}

}  // namespace orrery
