// Reference cases under vectors/metrics.
#pragma once

#include "engine/parity/case.h"

namespace orrery::metrics {

// Which measure it is follows from the inputs and outputs that the case holds. Throws Error(bad_input) for one that is none of ours.
void run_metrics_case(parity::Case& reference);

}  // namespace orrery::metrics
