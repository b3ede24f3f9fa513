// Points from formulas as training data: batches are drawn anew in every step.
#pragma once

#include <memory>
#include <string>

#include "engine/train/training_data.h"

namespace orrery {

// Null when `data` is not one of the toys (engine/data/toys.h).
std::shared_ptr<const TrainingData> open_points(const std::string& data);

}  // namespace orrery
