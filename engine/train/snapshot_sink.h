// Where a training run publishes what viewers may see. Implemented by the model shelf (engine/explore) and by nothing at all headless.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "engine/systems/model.h"

namespace orrery {

class SnapshotSink {
 public:
  virtual ~SnapshotSink() = default;
  // Whether somebody looks at this run now: without a viewer no passing snapshots are made.
  virtual bool watched(const std::string& /*run_folder*/) const { return true; }
  // Called on the training thread, which goes on at once: the model is a copy that nobody changes any more. `keep` tells a snapshot that
  // lies in the run folder (and stays on the slider) from a passing one that only refreshes the live view.
  virtual void publish(const std::string& run_folder, std::shared_ptr<const Model> model, const std::map<std::string, double>& metrics, bool keep) = 0;
};

}  // namespace orrery
