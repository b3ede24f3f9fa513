#include "engine/export/frame_maker.h"

#include <ATen/ops/_upsample_bicubic2d_aa.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>

#include "engine/api/result.h"
#include "engine/explore/rgba_frame.h"

namespace orrery {
namespace {

class Cancel : public RenderObserver {
 public:
  explicit Cancel(const JobContext& job) : job_(job) {}
  bool cancelled() const override { return job_.cancel_requested(); }

 private:
  const JobContext& job_;
};

}  // namespace

at::Tensor resized(const at::Tensor& picture, int width_px, int height_px) {
  if (picture.size(2) == width_px && picture.size(1) == height_px) return picture;
  return at::_upsample_bicubic2d_aa(picture.unsqueeze(0), {height_px, width_px}, /*align_corners=*/false).squeeze(0);
}

void give_up() { throw Error(ErrorCode::cancelled, "The export was cancelled.", "Nothing of it was kept.", "Start it again when you like."); }

FrameMaker::FrameMaker(ModelSource& source, JobContext& job) : source_(source), job_(job) {}
FrameMaker::~FrameMaker() = default;

Player& FrameMaker::player_for(const Request& request) {
  auto model = source_.resolve(request);
  if (model != model_ || !player_) {
    player_ = source_.make_player(model);
    model_ = std::move(model);
    made_ = at::Tensor();
  }
  return *player_;
}

std::pair<int, int> FrameMaker::size_for(const Request& request, int size_px) {
  const PictureShape shape = player_for(request).picture_shape();
  const auto longer = static_cast<double>(std::max(shape.width_px, shape.height_px));
  const double scale = size_px > 0 ? size_px / longer : 1.0;
  const auto scaled = [&](std::int64_t side) { return std::max(1, static_cast<int>(std::lround(static_cast<double>(side) * scale))); };
  return {scaled(shape.width_px), scaled(shape.height_px)};
}

bool FrameMaker::has_alpha(const Request& request) { return player_for(request).picture_shape().channels == 4; }

const at::Tensor& FrameMaker::rgba(const Request& request, int width_px, int height_px) {
  if (job_.cancel_requested()) give_up();
  Player& player = player_for(request);
  if (made_.defined() && request == last_ && made_.size(0) == height_px && made_.size(1) == width_px) return made_;
  const c10::InferenceMode inference;
  Cancel observer(job_);
  const at::Tensor pictures = player.render({request}, observer);
  if (!pictures.defined()) give_up();
  made_ = rgba8_on_host(resized(pictures[0], width_px, height_px));
  last_ = request;
  return made_;
}

}  // namespace orrery
