// The numbers of one Adam step that are the same for every parameter. Inner header.
#pragma once

#include <cmath>

#include "kernels/adam_step/adam_step.h"
#include "kernels/adam_step/adam_step_loops.h"

namespace orrery::kernels {

template <class T>
AdamFactors<T> adam_factors(std::int64_t step, const Adam& o) {
  const double c1 = 1.0 - std::pow(o.beta1, static_cast<double>(step)), c2 = 1.0 - std::pow(o.beta2, static_cast<double>(step));
  return {static_cast<T>(o.beta1), static_cast<T>(1.0 - o.beta1), static_cast<T>(o.beta2), static_cast<T>(1.0 - o.beta2),
          static_cast<T>(o.lr / c1), static_cast<T>(1.0 / std::sqrt(c2)), static_cast<T>(o.eps), o.replace_non_finite};
}

}  // namespace orrery::kernels
