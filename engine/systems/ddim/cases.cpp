#include "engine/systems/ddim/cases.h"

#include <cmath>

#include "engine/api/result.h"

namespace orrery::ddim {

at::Tensor stub_noise(const at::Tensor& x, double t) {
  const double w = t * t / (t * t + 3600.0);
  return x * w + ((x * 1.3 + 0.004 * t).sin() * 0.8 + 0.05 * std::cos(0.01 * t)) * (1.0 - w);
}

void run_case(parity::Case& reference) {
  if (reference.has("table.betas.linear.1000")) return run_tables_case(reference);
  if (reference.has("out.slerp")) return run_sampler_case(reference);
  if (reference.has("out.loss_per_sample")) return run_forward_loss_case(reference);
  if (reference.args().contains("runs")) return run_diffusers_case(reference);
  if (reference.args().contains("model_var_type")) return run_guided_diffusion_case(reference);
  if (reference.args().contains("linear_start")) return run_latent_diffusion_case(reference);
  throw Error(ErrorCode::bad_input, "This case is of no kind that DDIM has.");
}

}  // namespace orrery::ddim
