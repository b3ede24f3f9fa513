#include "engine/systems/ddpm/cases.h"

#include "engine/api/result.h"

namespace orrery::ddpm {

void run_case(parity::Case& reference) {
  if (reference.has("table.beta_linear")) return run_tables_case(reference);
  if (reference.has("in.first.x")) return run_sampler_case(reference);
  if (reference.has("out.bpd6_total")) return run_loss_case(reference);
  if (reference.has("out.grad_norm0")) return run_step_case(reference);
  if (reference.has("out.y")) return run_forward_case(reference);
  throw Error(ErrorCode::bad_input, "This case is of no kind that DDPM has.");
}

}  // namespace orrery::ddpm
