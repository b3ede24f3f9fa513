// Pictures of any size for exports: the same path for single pictures, sheets, films and their verification.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <utility>

#include "engine/explore/model_source.h"
#include "engine/jobs/job_context.h"

namespace orrery {

// [C, H, W] in [-1, 1] at another size: bicubic (a = -0.5), with a wider kernel when it gets smaller. The same size is the picture itself.
at::Tensor resized(const at::Tensor& picture, int width_px, int height_px);

// Throws Error(cancelled): nothing was kept.
[[noreturn]] void give_up();

class FrameMaker {
 public:
  // Both must outlive it. Rendering stops between network evaluations once the job is cancelled.
  FrameMaker(ModelSource& source, JobContext& job);
  ~FrameMaker();

  // Width and height of an export whose longer side is `size_px` (0: the model's own).
  std::pair<int, int> size_for(const Request& request, int size_px);
  // uint8 [height, width, 4] on the host. A request equal to the last one costs nothing. Throws Error(cancelled) and what rendering throws.
  const at::Tensor& rgba(const Request& request, int width_px, int height_px);
  // Whether the model's pictures have an alpha channel.
  bool has_alpha(const Request& request);
  // The weights that the last call used.
  const Model& model() const { return *model_; }

 private:
  Player& player_for(const Request& request);

  ModelSource& source_;
  JobContext& job_;
  std::shared_ptr<const Model> model_;
  std::unique_ptr<Player> player_;
  Request last_;
  at::Tensor made_;
};

}  // namespace orrery
