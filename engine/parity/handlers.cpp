#include "engine/parity/handlers.h"

#include "engine/diffusion/toy_cases.h"
#include "engine/features/cases.h"
#include "engine/metrics/cases.h"

namespace orrery::parity {

const std::map<std::string, Handler>& handlers() {
  // A system of the catalogue comes first where it has the same name.
  static const std::map<std::string, Handler> table{
      {"features", features::run_features_case},
      {"metrics", metrics::run_metrics_case},
      {"toy", diffusion::run_toy_case},
  };
  return table;
}

}  // namespace orrery::parity
