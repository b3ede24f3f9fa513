#include "engine/gan/adaptive_p.h"

#include <algorithm>

namespace orrery::gan {

float adjusted_p(float p, double r_t, double pictures_between, const AdaptiveConfig& config) {
  const double direction = r_t > config.target ? 1.0 : r_t < config.target ? -1.0 : 0.0;
  return std::max(p + static_cast<float>(direction * pictures_between / (config.speed_kimg * 1000.0)), 0.0f);
}

}  // namespace orrery::gan
