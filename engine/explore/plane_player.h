// What a player of points in the plane can do beside pictures of them. A Player that can derives from this too.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "engine/explore/player.h"

namespace orrery {

class PlanePlayer {
 public:
  virtual ~PlanePlayer() = default;
  // Whether this player's model is one of points in the plane; the rest is for those only. Requests are checked as by Player::render, with the
  // same errors; everything runs under InferenceMode.
  virtual bool in_the_plane() const = 0;
  // The sampler's noise levels, falling, the final 0 included.
  virtual std::vector<double> levels(const Request& request) const = 0;
  // Weight of each class in the request; empty for models without classes.
  virtual std::vector<double> class_weights(const Request& request) const = 0;
  // D(x; level), guided as the request says where its steps pass the level: points [N, 2] -> [N, 2] float64. `level` is brought into the
  // model's range.
  virtual at::Tensor denoise_points(const Request& request, const at::Tensor& points, double level) = 0;
  // The rest of the sampler's way for points [N, 2] at `level`: the observer sees the steps that follow, numbered as in a whole rendering.
  // Returns the end [N, 2] float64; undefined when cancelled.
  virtual at::Tensor follow_points(const Request& request, const at::Tensor& points, double level, RenderObserver& observer) = 0;
};

}  // namespace orrery
