#include <ATen/ops/tensor.h>

#include <algorithm>

#include "engine/diffusion/beta_schedule.h"
#include "engine/diffusion/ddpm_case_tools.h"
#include "engine/diffusion/discrete_schedule.h"
#include "engine/diffusion/discrete_steps.h"
#include "engine/diffusion/timestep_spacing.h"
#include "engine/systems/ddim/cases.h"

namespace orrery::ddim {
namespace {

using diffusion::BetaLaw;
using diffusion::make_betas;
using diffusion::table_of;
using diffusion::Timesteps;

constexpr std::int64_t T = 1000;

// The ends of the names of all tables that begin so.
std::vector<std::string> endings(const parity::Case& reference, const std::string& prefix) {
  std::vector<std::string> list;
  for (const auto& [name, tensor] : reference.io)
    if (name.rfind(prefix, 0) == 0) list.push_back(name.substr(prefix.size()));
  return list;
}

void report_sequences(parity::Case& reference) {
  const auto whole = [](const Timesteps& steps) { return at::tensor(steps, at::kLong); };
  const auto alphas = diffusion::cumulative_alphas(make_betas(BetaLaw::quad, T, 0.0015, 0.0195));  // latent diffusion's "linear"
  for (const auto& text : endings(reference, "table.seq.uniform.")) {
    const std::int64_t count = std::stoll(text);
    const Timesteps uniform = diffusion::uniform_timesteps(T, count), quad = diffusion::quadratic_timesteps(T, count);
    reference.report("table.seq.uniform." + text, whole(uniform));
    reference.report("table.seq.quad." + text, whole(quad));
    const Timesteps shifted = diffusion::offset_timesteps(uniform, 1);
    reference.report("table.ldm.uniform." + text, whole(shifted));
    reference.report("table.ldm.quad." + text, whole(diffusion::offset_timesteps(quad, 1)));
    std::vector<double> now, before, deviations;
    for (const auto t : shifted) {
      before.push_back(now.empty() ? alphas.front() : now.back());
      now.push_back(alphas.at(static_cast<std::size_t>(t)));
      deviations.push_back(diffusion::ddim_deviation(now.back(), before.back(), 0.7));
    }
    reference.report("table.ldm.alphas." + text, table_of(now));
    reference.report("table.ldm.alphas_prev." + text, table_of(before));
    reference.report("table.ldm.sigmas_eta0.7." + text, table_of(deviations));
  }
}

}  // namespace

void run_tables_case(parity::Case& reference) {
  for (const char* law : {"linear", "quad", "const", "jsd", "sigmoid"})
    reference.report(std::string("table.betas.") + law + ".1000", table_of(make_betas(diffusion::beta_law_from_name(law), T)));
  std::vector<double> with_clean = diffusion::cumulative_alphas_float32(make_betas(BetaLaw::linear, T));
  with_clean.insert(with_clean.begin(), 1.0);
  reference.report("table.alpha_bar_f32", table_of(with_clean).to(reference.in("table.alpha_bar_f32").scalar_type()));
  report_sequences(reference);

  // Latent diffusion: "linear" interpolates the roots, "sqrt_linear" does not.
  reference.report("table.ldm.betas.linear", table_of(make_betas(BetaLaw::quad, T, 0.0015, 0.0195)));
  reference.report("table.ldm.betas.sqrt_linear", table_of(make_betas(BetaLaw::linear, T, 0.0015, 0.0195)));
  reference.report("table.ldm.betas.sqrt", table_of(make_betas(BetaLaw::square_root, T, 0.0015, 0.0195)));
  reference.report("table.ldm.betas.cosine", table_of(make_betas(BetaLaw::cosine, T)));
  for (const std::int64_t steps : {1000, 4000}) {
    const double scale = 1000.0 / static_cast<double>(steps);
    reference.report("table.gd.betas.linear." + std::to_string(steps), table_of(make_betas(BetaLaw::linear, steps, scale * 1e-4, scale * 0.02)));
    reference.report("table.gd.betas.cosine." + std::to_string(steps), table_of(make_betas(BetaLaw::cosine, steps)));
  }
  const auto cosine = diffusion::cumulative_alphas(make_betas(BetaLaw::cosine, T));
  for (const auto& text : endings(reference, "table.gd.space.")) {
    std::string sections = text;
    std::replace(sections.begin(), sections.end(), '-', ',');
    const Timesteps steps = diffusion::respaced_timesteps(T, sections);
    reference.report("table.gd.space." + text, at::tensor(steps, at::kLong));
    reference.report("table.gd.space_betas_cosine." + text, table_of(diffusion::respaced_betas(cosine, steps)));
  }
}

}  // namespace orrery::ddim
