// The space service: score fields, densities and single trajectories of models of points in the plane, on the live lane's thread.
#pragma once

#include <memory>

#include "engine/api/space.h"
#include "engine/explore/live_lane.h"
#include "engine/explore/model_source.h"

namespace orrery {

class SpaceService : public Spaces {
 public:
  // Both must outlive the service and its views' use.
  SpaceService(ModelSource& source, LiveLane& lane);
  // Gives up what is under way at the next evaluation; no callback runs afterwards.
  ~SpaceService() override;
  std::unique_ptr<SpaceView> open(Listener listener) override;

 private:
  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace orrery
