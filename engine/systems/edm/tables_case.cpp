#include "engine/diffusion/edm_losses.h"
#include "engine/diffusion/edm_sampler.h"
#include "engine/systems/edm/cases.h"

namespace orrery::edm {
namespace {

using namespace diffusion;

LadderOptions published(Grid grid, std::int64_t steps) {
  const VpSchedule vp;
  LadderOptions ladder;
  ladder.grid = grid;
  ladder.steps = steps;
  if (grid == Grid::vp) ladder.sigma_min = vp.sigma(1e-3), ladder.sigma_max = vp.sigma(1.0);
  if (grid == Grid::ve) ladder.sigma_min = 0.02, ladder.sigma_max = 100.0;
  if (grid == Grid::iddpm) ladder.sigma_max = 81.0;
  return ladder;
}

// The noise level of every call, seen by a network that returns zeros.
at::Tensor calls(const LadderOptions& ladder, bool second_order) {
  std::vector<double> seen;
  EdmSamplerOptions options;
  options.ladder = noise_ladder(ladder);
  options.second_order = second_order;
  const auto blank = [&](const at::Tensor& x, double sigma, std::int64_t) {
    seen.push_back(sigma);
    return at::zeros_like(x);
  };
  edm_sample(blank, at::ones({1, 1}), options);
  return at::tensor(seen, at::kDouble);
}

Coefficients coefficients(Precondition kind, const at::Tensor& sigma) {
  struct None : nn::RawNetwork {
    None() { register_parameter("unused", at::zeros({1})); }
    at::Tensor forward(const nn::NetworkInput& input, const LayerTap&) override { return input.x; }
  };
  PreconditionOptions options;
  options.kind = kind;
  return PreconditionedDenoiser(std::make_shared<None>(), options, {}).coefficients(sigma);
}

}  // namespace

void run_tables_case(parity::Case& reference) {
  for (const auto& [name, tensor] : reference.io) {
    if (name.rfind("table.edm_calls.", 0) == 0) reference.report(name, calls(published(Grid::edm, (tensor.numel() + 1) / 2), true));
    if (name.rfind("table.sig.", 0) == 0) {
      const std::string grid = name.substr(10, name.find('.', 10) - 10);
      reference.report(name, calls(published(grid_from_name(grid), tensor.numel()), false));
    }
  }
  const IddpmLadder ladder;
  reference.report("table.iddpm_u_f32", ladder.u(at::kFloat, at::kFloat));
  reference.report("table.iddpm_alpha_bar", ladder.alpha_bar());
  reference.report("table.iddpm_u", ladder.u(at::kFloat, at::kDouble));
  const auto range = [&](Precondition kind) {
    PreconditionOptions options;
    options.kind = kind;
    DenoiserShape shape;
    set_sigma_range(options, shape);
    return at::tensor({shape.sigma_min, shape.sigma_max}, at::kDouble);
  };
  reference.report("table.vp_range", range(Precondition::vp));
  reference.report("table.iddpm_range", range(Precondition::iddpm));
  if (reference.has("in.t")) {
    const VpSchedule vp;
    const at::Tensor sigma = vp.sigma(reference.in("in.t"));
    reference.report("table.vp_sigma", sigma);
    reference.report("table.vp_sigma_inv", vp.time(sigma));
  }
  if (reference.has("in.sigma")) {
    const at::Tensor sigma = reference.in("in.sigma");
    const Coefficients edm = coefficients(Precondition::edm, sigma);
    reference.report("table.edm_c_skip_out_in_noise", at::stack({edm.skip, edm.out, edm.in, edm.noise}, 1));
    reference.report("table.edm_loss_weight", NoiseLawOptions{}.weight(sigma));
    reference.report("table.vp_c_noise", coefficients(Precondition::vp, sigma).noise);
    reference.report("table.ve_c_noise", coefficients(Precondition::ve, sigma).noise);
  }
}

}  // namespace orrery::edm
