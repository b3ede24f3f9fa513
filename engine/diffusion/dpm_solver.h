// DPM-Solver and DPM-Solver++ of orders 1 to 3 (Lu et al. 2022a, 2022b): exponential integrators in lambda = -log sigma. In the coordinates
// x0 + sigma noise the signal's scale drops out, so the same code serves every process.
#pragma once

#include "engine/diffusion/sampling.h"

namespace orrery::diffusion {

struct DpmSolverOptions {
  std::int64_t order = 2;
  bool multistep = true;            // uses the steps before instead of points between
  bool predict_x0 = true;           // DPM-Solver++; false: DPM-Solver, which predicts the noise
  bool taylor = false;              // the difference quotients of the papers' appendix B instead of their algorithms 1 and 2
  bool lower_order_final = false;   // the last multistep steps fall to order 1 when there are fewer than 10
};

// x [N, ...] in the coordinates x0 + sigma noise at the first of `sigmas`, which fall and stay above 0. A singlestep solver of order k takes k
// levels of the ladder at a time: its inner points are levels too, and the ladder has k steps + 1 of them. Returns the state at the last.
// Throws Error(wrong_use) for another order or a ladder that does not fit.
at::Tensor sample_dpm_solver(const Denoise& denoise, const at::Tensor& x, const std::vector<double>& sigmas, const DpmSolverOptions& options, SampleObserver& observer);

}  // namespace orrery::diffusion
