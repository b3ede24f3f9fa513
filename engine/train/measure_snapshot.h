// Measures of one snapshot against the data, for the numbers of a run.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/train/plan.h"

namespace orrery {

class System;
struct Model;
namespace data { class Store; }

struct SnapshotMeasures {
  std::map<std::string, double> values;  // "fd_efflite0", "kd_efflite0", "precision", "recall", "swd"
  std::string note;                      // what was left out and why, or ""
};

// Always the same seeds, whatever the step: curves then show the model, not the sample. Draws nothing from the run's own random numbers.
// Without the feature network's weights only swd is measured (`note` says so). Throws Error(cancelled) soon after `interrupted` says true.
SnapshotMeasures measure_snapshot(const System& system, std::shared_ptr<const Model> model, const data::Store& store, const MeasureConfig& config, const std::string& device,
                                  const std::function<bool()>& interrupted);

}  // namespace orrery
