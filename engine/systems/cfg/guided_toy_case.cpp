#include <ATen/ops/index_select.h>
#include <ATen/ops/stack.h>

#include <limits>

#include "engine/diffusion/ddpm_case_tools.h"
#include "engine/diffusion/edm_sampler.h"
#include "engine/diffusion/guidance.h"
#include "engine/diffusion/probability_flow.h"
#include "engine/diffusion/toy_cases.h"
#include "engine/systems/cfg/cases.h"

namespace orrery::cfg {
namespace {

using namespace diffusion;

// Each sample under the component that its label names.
Denoise by_label(const GaussianMixture& mixture, const at::Tensor& labels) {
  std::vector<GaussianMixture> components;
  for (std::int64_t k = 0; k < mixture.components(); ++k) components.push_back(mixture.component(k));
  const std::vector<std::int64_t> rows = whole_values_of(labels);
  return [components, rows](const at::Tensor& x, double sigma, std::int64_t) {
    std::vector<at::Tensor> out;
    for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(components[static_cast<std::size_t>(rows[i])].denoise(x.narrow(0, static_cast<std::int64_t>(i), 1), sigma)[0]);
    return at::stack(out);
  };
}

Denoise counted(Denoise denoise, std::vector<double>& calls) {
  return [denoise = std::move(denoise), &calls](const at::Tensor& x, double sigma, std::int64_t step) {
    calls.push_back(sigma);
    return denoise(x, sigma, step);
  };
}

}  // namespace

void run_guided_toy_case(parity::Case& reference) {
  const auto& args = reference.args();
  const GaussianMixture mixture = mixture_of(reference);
  const Denoise conditional = by_label(mixture, reference.in("in.labels")), unconditional = exact_denoise(mixture);
  const at::Tensor z = reference.in("in.z");
  LadderOptions ladder;
  ladder.steps = args.at("num_steps").get<std::int64_t>();
  ladder.sigma_min = args.at("sigma_min").get<double>();
  ladder.sigma_max = args.at("sigma_max").get<double>();
  ladder.rho = args.at("rho").get<double>();
  for (const auto& [name, run] : args.at("runs").items()) {
    GuidanceOptions guidance;
    guidance.scale = run.value("G", 1.0);
    if (run.contains("guidance_interval")) {
      guidance.first_step = run["guidance_interval"].at(0).get<std::int64_t>();
      guidance.last_step = run["guidance_interval"].at(1).get<std::int64_t>();
    }
    if (!run.value("unc", true)) guidance.view = GuidanceView::conditional;
    EdmSamplerOptions options;
    options.ladder = noise_ladder(ladder);
    options.churn = run.value("S_churn", 0.0);
    options.churn_noise = run.value("S_noise", 1.0);
    std::vector<double> with, without;
    const Denoise c = counted(conditional, with), u = counted(unconditional, without);
    // The recorded program asks for both even at scale 1, where the answer is the conditional one.
    const Denoise denoise = guidance.view == GuidanceView::guided && guidance.scale == 1.0
                                ? Denoise([&](const at::Tensor& x, double sigma, std::int64_t step) { return guide(c(x, sigma, step), u(x, sigma, step), 1.0); })
                                : guided(c, u, guidance);
    reference.report("out." + name, edm_sample(denoise, z, options, recorded_noise(reference, "in.noise")));
    reference.report("table.calls." + name + ".cond", table_of(with));
    if (!without.empty()) reference.report("table.calls." + name + ".uncond", table_of(without));
  }
  for (const auto& [name, scale] : std::map<std::string, double>{{"G1", 1.0}, {"G2", 2.0}}) {
    GuidanceOptions guidance;
    guidance.scale = scale;
    const Score score = score_of(guided(conditional, unconditional, guidance));
    reference.report("out.ode." + name, integrate_dop853(edm_flow(score), ladder.sigma_max, ladder.sigma_min, z * ladder.sigma_max, {1e-12, 1e-13, {}}).y);
  }
}

}  // namespace orrery::cfg
