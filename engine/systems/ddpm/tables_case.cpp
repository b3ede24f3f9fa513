#include <ATen/ops/tensor.h>

#include "engine/diffusion/beta_schedule.h"
#include "engine/diffusion/ddpm_case_tools.h"
#include "engine/diffusion/discrete_schedule.h"
#include "engine/systems/ddpm/cases.h"

namespace orrery::ddpm {

void run_tables_case(parity::Case& reference) {
  const auto steps = reference.args().at("T").get<std::int64_t>();
  const auto start = reference.args().at("beta_start").get<double>(), end = reference.args().at("beta_end").get<double>();
  for (const char* law : {"quad", "linear", "warmup10", "warmup50", "const", "jsd"})
    reference.report(std::string("table.beta_") + law, diffusion::table_of(diffusion::make_betas(diffusion::beta_law_from_name(law), steps, start, end)));

  const diffusion::DiscreteSchedule s(diffusion::make_betas(diffusion::BetaLaw::linear, steps, start, end));
  const std::map<std::string, at::Tensor> derived{{"alphas_cumprod", s.alpha_bars},
                                                  {"alphas_cumprod_prev", s.alpha_bars_prev},
                                                  {"sqrt_alphas_cumprod", s.sqrt_alpha_bars},
                                                  {"sqrt_one_minus_alphas_cumprod", s.sqrt_one_minus_alpha_bars},
                                                  {"log_one_minus_alphas_cumprod", s.log_one_minus_alpha_bars},
                                                  {"sqrt_recip_alphas_cumprod", s.sqrt_recip_alpha_bars},
                                                  {"sqrt_recipm1_alphas_cumprod", s.sqrt_recipm1_alpha_bars},
                                                  {"posterior_variance", s.posterior_variance},
                                                  {"posterior_log_variance_clipped", s.posterior_log_variance_clipped},
                                                  {"posterior_mean_coef1", s.posterior_mean_x0},
                                                  {"posterior_mean_coef2", s.posterior_mean_xt},
                                                  {"log_variance_fixedlarge", s.log_variance_large},
                                                  {"pesser_logvar_fixedlarge", s.log_variance_large},
                                                  // That port floors the variance instead, which is 0 at the first step.
                                                  {"pesser_logvar_fixedsmall", s.posterior_variance.clamp_min(1e-20).log()}};
  for (const auto& [name, table] : derived) reference.report("table." + name, table);

  const at::Tensor t = at::tensor(std::vector<double>{0, 1, 17, 250.5, 999}, at::kDouble);
  for (const std::int64_t dim : {32, 128}) {
    reference.report("table.time_embedding_" + std::to_string(dim), nn::timestep_embedding(t.to(at::kFloat), dim));
    reference.report("table.time_embedding_" + std::to_string(dim) + "_f64", nn::timestep_embedding(t, dim));
  }
}

}  // namespace orrery::ddpm
