// Ordinary differential equations with adaptive steps, for probability-flow solutions of high accuracy and for the "RK45" sampler.
// Dormand & Prince 1980; Hairer, Norsett & Wanner, "Solving Ordinary Differential Equations I", sections II.4 to II.6 and II.10.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace orrery::diffusion {

// dy/dt at (t, y); y of any shape, float64.
using Slope = std::function<at::Tensor(double t, const at::Tensor& y)>;

struct OdeOptions {
  double relative = 1e-3;  // a step's error stays below absolute + relative |y|, in the root mean square over all of y
  double absolute = 1e-6;
  std::function<bool()> cancelled = {};  // asked before every step
};

struct OdeResult {
  at::Tensor y;                // at the end; undefined when cancelled
  std::vector<at::Tensor> at;  // at the times asked for, from the steps' own interpolation
  std::int64_t evaluations = 0;
  std::int64_t steps = 0;      // accepted
};

// Orders 5(4), local extrapolation. From t0 to t1 in either direction. Throws Error(failed) when the step becomes too small to move t.
OdeResult integrate_rk45(const Slope& slope, double t0, double t1, const at::Tensor& y, const OdeOptions& options = {});
// Orders 8(5, 3). `times` run from t0 towards t1, both allowed.
OdeResult integrate_dop853(const Slope& slope, double t0, double t1, const at::Tensor& y, const OdeOptions& options = {}, const std::vector<double>& times = {});

}  // namespace orrery::diffusion
