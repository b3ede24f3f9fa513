#include "engine/gan/projection.h"

#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/adam_step/adam_step.h"

namespace orrery::gan {
namespace {

constexpr std::int64_t kFeatureSide_px = 256;  // larger pictures are averaged down before their features are taken

at::Tensor shrink_for_features(const at::Tensor& pictures) {
  const auto factor = pictures.size(2) / kFeatureSide_px;
  return factor > 1 ? at::avg_pool2d(pictures, {factor, factor}) : pictures;
}

}  // namespace

double projection_learning_rate(std::int64_t step, const ProjectionOptions& o) {
  const double t = static_cast<double>(step) / static_cast<double>(o.steps);
  const double down = std::min(1.0, (1.0 - t) / o.ramp_down);
  return o.learning_rate * (0.5 - 0.5 * std::cos(down * std::numbers::pi)) * std::min(1.0, t / o.ramp_up);
}

double projection_noise_scale(std::int64_t step, const ProjectionOptions& o) {
  const double t = static_cast<double>(step) / static_cast<double>(o.steps);
  const double left = std::max(0.0, 1.0 - t / o.noise_ramp);
  return o.noise_factor * left * left;
}

WStatistics w_statistics(Generator& g, const at::Tensor& z, const at::Tensor& c) {
  const at::NoGradGuard no_grad;
  const at::Tensor w = g.map(z, c).select(1, 0);
  WStatistics statistics;
  statistics.mean = w.mean(0);
  statistics.deviation = std::sqrt((w - statistics.mean).square().sum().item<double>() / static_cast<double>(w.size(0)));
  return statistics;
}

at::Tensor noise_correlation(const at::Tensor& map) {
  at::Tensor level = map.view({1, 1, map.size(0), map.size(1)}), sum;
  while (true) {
    const at::Tensor here = (level * at::roll(level, {1}, {3})).mean().square() + (level * at::roll(level, {1}, {2})).mean().square();
    sum = sum.defined() ? sum + here : here;
    if (level.size(2) <= 8) return sum;
    level = at::avg_pool2d(level, {2, 2});
  }
}

Projector::Projector(std::shared_ptr<Generator> g, Features features, const at::Tensor& target, const WStatistics& statistics,
                     std::map<std::string, at::Tensor> noise, const ProjectionOptions& options)
    : g_(std::move(g)), features_(std::move(features)), options_(options), w_deviation_(statistics.deviation) {
  {
    const at::NoGradGuard no_grad;
    target_features_ = features_(shrink_for_features(target.unsqueeze(0)));
  }
  w_ = statistics.mean.detach().clone().requires_grad_(true);
  parameters_.push_back(w_);
  for (auto& [name, map] : noise) {
    names_.push_back(name);
    parameters_.push_back(map.detach().clone().requires_grad_(true));
  }
  for (const auto& parameter : parameters_) {
    m_.push_back(at::zeros_like(parameter));
    v_.push_back(at::zeros_like(parameter));
  }
}

at::Tensor Projector::step(const at::Tensor& w_noise) {
  const at::AutoGradMode grad(true);
  const at::Tensor w = w_ + w_noise * (w_deviation_ * projection_noise_scale(done_, options_));
  SynthesisNoise noise;
  for (std::size_t i = 0; i < names_.size(); ++i) noise.given[names_[i]] = parameters_[i + 1];
  const at::Tensor picture = g_->synthesise(w.view({1, 1, -1}).expand({1, g_->shape().num_ws, -1}), noise);
  const at::Tensor distance = (target_features_ - features_(shrink_for_features((picture + 1) * 127.5))).square().sum();
  at::Tensor loss = distance;
  for (std::size_t i = 1; i < parameters_.size(); ++i) loss = loss + noise_correlation(parameters_[i]) * options_.noise_weight;
  std::vector<at::Tensor> gradients = torch::autograd::grad({loss}, parameters_, {}, false, false, /*allow_unused=*/true);

  kernels::Adam adam;
  adam.lr = projection_learning_rate(done_, options_);
  adam.beta1 = 0.9;
  adam.beta2 = 0.999;
  const at::NoGradGuard no_grad;
  for (auto& gradient : gradients)
    if (gradient.defined()) gradient = gradient.contiguous();
  kernels::adam_step(parameters_, gradients, m_, v_, ++done_, adam);
  for (std::size_t i = 1; i < parameters_.size(); ++i) {
    at::Tensor& map = parameters_[i];
    map.sub_(map.mean());
    map.mul_(map.square().mean().rsqrt());
  }
  distance_ = distance.item<double>();
  return picture.detach();
}

at::Tensor Projector::w() const { return w_.detach().clone(); }

std::map<std::string, at::Tensor> Projector::noise() const {
  std::map<std::string, at::Tensor> maps;
  for (std::size_t i = 0; i < names_.size(); ++i) maps[names_[i]] = parameters_[i + 1].detach().clone();
  return maps;
}

}  // namespace orrery::gan
