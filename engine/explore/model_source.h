// Where lanes and exports get models and players from.
#pragma once

#include <memory>
#include <string>

#include "engine/api/request.h"
#include "engine/explore/player.h"
#include "engine/systems/model.h"

namespace orrery {

class ModelSource {
 public:
  virtual ~ModelSource() = default;
  // The weights that a request means: its model, and of a run the snapshot that the control "snapshot" names. May load a file.
  // Thread-safe. Throws Error(bad_input) when the model is not open or its file is gone.
  virtual std::shared_ptr<const Model> resolve(const Request& request) = 0;
  // Where those weights lie on disk: a model file, or the run's folder while it has not kept them. Empty when nowhere.
  virtual std::string path_of(const Request& /*request*/) const { return {}; }
  virtual std::unique_ptr<Player> make_player(std::shared_ptr<const Model> model) const = 0;
};

}  // namespace orrery
