// A Player gives a model's controls their meaning: request in, picture out. One per kind of network, shared by all systems of the kind.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "engine/api/control.h"
#include "engine/api/request.h"

namespace orrery {

// One finished step of an iterative rendering: denoising, Langevin, a round of unmasking, a step of a photo's projection. Step 0 is the start,
// before any evaluation. The tensors may be kept: nobody writes into them afterwards.
struct RenderStep {
  std::int64_t step = 0;         // of
  std::int64_t steps = 0;
  std::int64_t evaluations = 0;  // of the network since the start
  double level = 0.0;            // what falls while the process runs: the noise level of `state`, the masked fraction of tokens
  at::Tensor state;              // [N, ...] all that the process needs to go on from here (with the step's number), in its own precision
  double state_scale = 1.0;      // state * state_scale is in the range of pictures
  at::Tensor prediction;         // [N, ...] of the finished picture, in its range; undefined at step 0
  double output_norm = -1.0;     // root mean square of the network's output; negative: that of `prediction`
  std::function<at::Tensor()> preview = {};  // [N, C, H, W] in [-1, 1], made when it is wanted; empty: `prediction` is a picture
};

// Watches a rendering; called between network evaluations.
class RenderObserver {
 public:
  virtual ~RenderObserver() = default;
  virtual bool cancelled() const { return false; }
  virtual void on_step(const RenderStep& /*step*/) {}
  // What is already known of this very rendering (its request, branches included, and its weights): steps 0 ... recorded() can be asked
  // for, and a rendering may go on from any of them, bit for bit, instead of computing them; -1: none. A player that goes on from step k
  // (the last it asked for) reports the steps after k only. Of one request at a time (engine/explore/tape_branches.h has the way through).
  virtual std::int64_t recorded() const { return -1; }
  virtual RenderStep recorded_step(std::int64_t /*step*/) { return {}; }
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
