// The augmentation probability that follows the discriminator (Karras et al. 2020, section 3.1): p rises while r_t, the mean sign of
// D(real), is above its target, and falls below it.
#pragma once

#include <cstdint>

#include "engine/config/fields.h"

namespace orrery::gan {

struct AdaptiveConfig {
  double target = 0.6;          // of r_t
  std::int64_t interval = 4;    // steps between adjustments
  double speed_kimg = 500;      // pictures (thousands) in which p could go from 0 to 1
};

template <class Visitor>
void visit_fields(Visitor& v, AdaptiveConfig& c) {
  v("target", c.target, {.help = "wanted mean sign of D on real pictures, r_t", .min = -1, .max = 1});
  v("interval", c.interval, {.help = "steps between adjustments of p", .unit = "steps", .min = 1, .max = 1000});
  v("speed_kimg", c.speed_kimg, {.help = "pictures in which p can rise from 0 to 1", .unit = "kimg", .min = 0.001, .max = 1e6});
}

// p after one adjustment: p + sign(r_t - target) * pictures / (1000 speed_kimg), never below 0, no upper bound; in float32, as p is kept.
float adjusted_p(float p, double r_t, double pictures_between, const AdaptiveConfig& config);

}  // namespace orrery::gan
