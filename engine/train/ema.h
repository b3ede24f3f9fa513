// Exponential moving averages of weights: what a run shows and keeps.
#pragma once

#include <torch/nn/module.h>

#include <cstdint>

#include "engine/train/plan.h"

namespace orrery {

// The share of the old average that one step of `batch` pictures keeps: 0.5^(batch / half_life), where the half life in pictures is
// never more than ramp_up * pictures_seen, so that early averages forget the random start (StyleGAN2-ADA, training options). 0 on the first step.
double ema_beta(const EmaConfig& config, std::int64_t batch, std::int64_t pictures_seen);

// average <- average * beta + weights * (1 - beta) for parameters; buffers are copied. The modules have the same names and shapes.
void update_average(torch::nn::Module& average, const torch::nn::Module& weights, double beta);

}  // namespace orrery
