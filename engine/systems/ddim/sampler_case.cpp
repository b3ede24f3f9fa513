#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <cmath>

#include "engine/diffusion/ancestral.h"
#include "engine/diffusion/beta_schedule.h"
#include "engine/diffusion/ddim_sampler.h"
#include "engine/diffusion/ddpm_case_tools.h"
#include "engine/diffusion/timestep_spacing.h"
#include "engine/diffusion/toy_cases.h"
#include "engine/explore/latent.h"
#include "engine/systems/ddim/cases.h"

namespace orrery::ddim {
namespace {

void report_run(parity::Case& reference, const std::string& name, const std::vector<double>& ladder, const diffusion::StepRecorder& run, bool as_double) {
  std::vector<at::Tensor> xs;
  for (std::size_t i = 0; i < run.xs.size(); ++i) xs.push_back(run.xs[i] * std::sqrt(ladder[i + 1]));
  if (as_double) return reference.report("out." + name + ".xs_f64", at::stack(xs));
  reference.report("out." + name + ".xs", at::stack(xs));
  reference.report("out." + name + ".x0", at::stack(run.x0s));
}

}  // namespace

void run_sampler_case(parity::Case& reference) {
  const at::NoGradGuard no_grad;
  const auto& args = reference.args();
  const nn::DdpmUnetOptions options = diffusion::unet_options(args.at("model"), args.at("data").at("image_size").get<std::int64_t>());
  const std::vector<double> betas = diffusion::values_of(reference.in("in.betas"));
  const auto total = static_cast<std::int64_t>(betas.size());
  const diffusion::NoiseSource noise = diffusion::recorded_noise(reference, "in.noise");
  const auto steps = reference.in("table.seq.uniform").size(0);
  const std::map<std::string, diffusion::Timesteps> sequences{{"uniform", diffusion::uniform_timesteps(total, steps)}, {"quad", diffusion::quadratic_timesteps(total, steps)}};
  for (const auto& [kind, timesteps] : sequences) reference.report("table.seq." + kind, at::tensor(timesteps, at::kLong));

  for (const auto type : {at::kFloat, at::kDouble}) {
    const bool as_double = type == at::kDouble;
    const auto alpha_bars = as_double ? diffusion::cumulative_alphas(betas) : diffusion::cumulative_alphas_float32(betas);
    const auto net = diffusion::discrete_denoiser(diffusion::loaded_unet(reference, options, type), alpha_bars, options);
    const diffusion::Denoise denoise = [&](const at::Tensor& x, double sigma, std::int64_t) { return net->denoise(x, at::full({x.size(0)}, sigma, x.options()), {}); };
    for (const auto& [kind, timesteps] : sequences) {
      const auto ladder = diffusion::falling_ladder(alpha_bars, timesteps);
      const at::Tensor x = reference.in("in.x").to(at::kDouble) / std::sqrt(ladder.front());
      for (const auto& [text, eta] : std::map<std::string, double>{{"0", 0.0}, {"0.5", 0.5}, {"1", 1.0}}) {
        diffusion::StepRecorder run;
        diffusion::sample_ddim(denoise, x, ladder, {eta, false}, noise, run);
        report_run(reference, kind + ".eta" + text, ladder, run, as_double);
      }
      diffusion::StepRecorder run;
      diffusion::sample_ancestral(denoise, x, ladder, {diffusion::FixedVariance::large, true}, noise, run);
      report_run(reference, kind + ".ddpm", ladder, run, as_double);
    }
  }

  const at::Tensor x = reference.in("in.x"), a = x[0].reshape({1, -1}), b = x[1].reshape({1, -1});
  std::vector<at::Tensor> between;
  for (const double t : {0.0, 0.1, 0.35, 0.5, 0.9, 1.0}) between.push_back(slerp(a, b, t).view(x.narrow(0, 0, 1).sizes()));
  reference.report("out.slerp", at::stack(between));
}

}  // namespace orrery::ddim
