// A photo's latent: optimises w and the noise maps of a generator until its picture has the features of a target.
// Source: Karras et al. 2020 (StyleGAN2), section 5 and appendix D.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/device/rng.h"
#include "engine/kinds/generator.h"

namespace orrery::gan {

struct ProjectionOptions {
  std::int64_t steps = 1000;
  double learning_rate = 0.1;  // largest
  double noise_factor = 0.05;  // of the standard deviation of w, at the start
  double ramp_up = 0.05;       // shares of the run: the learning rate rises from 0,
  double ramp_down = 0.25;     //   falls to 0 along a half cosine at the end,
  double noise_ramp = 0.75;    //   noise on w vanishes quadratically
  double noise_weight = 1e5;   // of the noise maps' regulariser
};

// Of step i of `steps`, times options.learning_rate; and times the standard deviation of w.
double projection_learning_rate(std::int64_t step, const ProjectionOptions& options);
double projection_noise_scale(std::int64_t step, const ProjectionOptions& options);

struct WStatistics {
  at::Tensor mean;         // [w_dim]
  double deviation = 0.0;  // root of the mean squared distance from the mean
};
// Over the first style of mapped latents z [M, z_dim].
WStatistics w_statistics(Generator& g, const at::Tensor& z, const at::Tensor& c = {});

// Sum over all resolutions down to 8 px of the squared correlations of neighbours, horizontally and vertically. map [H, W]; differentiable.
at::Tensor noise_correlation(const at::Tensor& map);

class Projector {
 public:
  // Pictures [N, C, H, W] in [0, 255] -> features of any shape; differentiable.
  using Features = std::function<at::Tensor(const at::Tensor& pictures)>;

  // target [C, H, W] in [0, 255]. `noise` are the starting noise maps by name (Generator::noise_sizes), standard normal [H, W].
  Projector(std::shared_ptr<Generator> g, Features features, const at::Tensor& target, const WStatistics& statistics,
            std::map<std::string, at::Tensor> noise, const ProjectionOptions& options);

  // One step, with standard normal w_noise [w_dim]. Returns the picture before the update, [1, C, H, W] in the network's range.
  at::Tensor step(const at::Tensor& w_noise);

  std::int64_t steps_done() const { return done_; }
  double distance() const { return distance_; }     // of the last step
  at::Tensor w() const;                             // [w_dim] after the last step
  std::map<std::string, at::Tensor> noise() const;  // zero mean, unit mean square

 private:
  std::shared_ptr<Generator> g_;
  Features features_;
  at::Tensor target_features_;
  ProjectionOptions options_;
  double w_deviation_;
  std::int64_t done_ = 0;
  double distance_ = 0.0;
  at::Tensor w_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> parameters_, m_, v_;  // w_, then the noise maps
};

}  // namespace orrery::gan
