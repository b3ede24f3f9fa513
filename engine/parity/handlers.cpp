#include "engine/parity/handlers.h"

#include "engine/diffusion/toy_cases.h"
#include "engine/features/cases.h"
#include "engine/metrics/cases.h"
#include "engine/tokens/maskgit_cases.h"

namespace orrery::parity {

const std::map<std::string, Handler>& handlers() {
  static const std::map<std::string, Handler> table{
      {"features", features::run_features_case},
      {"maskgit", tokens::run_maskgit_case},
      {"metrics", metrics::run_metrics_case},
      {"toy", diffusion::run_toy_case},
  };
  return table;
}

}  // namespace orrery::parity
