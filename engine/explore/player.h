// A Player gives a model's controls their meaning: request in, picture out. One per kind of network, shared by all systems of the kind.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/api/control.h"
#include "engine/api/request.h"

namespace orrery {

// Watches a rendering; called between network evaluations.
class RenderObserver {
 public:
  virtual ~RenderObserver() = default;
  virtual bool cancelled() const { return false; }
  // A preview [N, C, H, W] in [-1, 1] of step `step` of `steps` (iterative kinds only).
  virtual void on_step(const at::Tensor& /*preview*/, int /*step*/, int /*steps*/) {}
};

struct PictureShape {
  std::int64_t channels = 3;
  std::int64_t height_px = 0;
  std::int64_t width_px = 0;
};

class Player {
 public:
  virtual ~Player() = default;
  // Every control of the model, those that cannot act included (with the reason). Cheap.
  virtual std::vector<ControlSpec> controls() const = 0;
  virtual PictureShape picture_shape() const = 0;
  // Pictures [N, C, H, W], float, nominally in [-1, 1]; undefined when the observer cancelled. `requests` share a model; sample i
  // depends on requests[i] only, bit for bit. Controls of the request that the player does not have are none of its business; a value that
  // a control does not accept throws Error(wrong_use). Runs under InferenceMode. Not thread-safe: one Player per lane.
  virtual at::Tensor render(const std::vector<Request>& requests, RenderObserver& observer) = 0;
};

}  // namespace orrery
