// Reference cases under vectors/features.
#pragma once

#include "engine/parity/case.h"

namespace orrery::features {

// EfficientNet-Lite0 with its published weights. Throws Error when these are not installed.
void run_features_case(parity::Case& reference);

}  // namespace orrery::features
