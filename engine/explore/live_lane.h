// The live lane: one thread that turns the views' newest requests into frames. One thread for all views, because two networks at once on
// the same cores (or the same GPU) finish later than one after the other; views that wait are served in turn.
#pragma once

#include <functional>
#include <memory>

#include "engine/api/studio.h"
#include "engine/explore/model_source.h"
#include "engine/explore/tape_store.h"

namespace orrery {

class LiveLane : public Live {
 public:
  // `source` must outlive the lane. `device_frames`: pictures computed on a CUDA device stay there (a viewer that shares memory with it takes
  // them from there); otherwise all frames are on the host. `tapes`, where there are any, records what iterates and must outlive the lane too.
  explicit LiveLane(ModelSource& source, bool device_frames = false, TapeStore* tapes = nullptr);
  // Gives up what is under way at the next network evaluation; no callback runs afterwards.
  ~LiveLane() override;

  // Callbacks run on the lane's thread, a view's frames in order of generation; none after the view was destroyed.
  // A request that a newer one of the same view overtakes is given up between network evaluations, but never more than three in a row:
  // somebody who drags without pause still sees pictures. Of what iterates, previews come as often as they cost at most a twentieth of the time,
  // and what a tape knows of the request already is not computed again.
  std::unique_ptr<LiveView> open_view(OnFrame on_frame, OnError on_error) override;
  std::unique_ptr<LiveView> open_patient_view(OnFrame on_frame, OnError on_error) override;

  // The player of a request's model, kept ready. Throws as ModelSource::resolve.
  using Players = std::function<Player&(const std::shared_ptr<const Model>&)>;
  // Work that asks networks for something else than pictures: runs on the lane's thread between two renderings, in the order given; never after
  // the lane is gone. It should be short, or know when to stop. What it throws is lost.
  void post(std::function<void(const Players&)> work);

 private:
  class Lane;
  std::shared_ptr<Lane> lane_;
};

}  // namespace orrery
