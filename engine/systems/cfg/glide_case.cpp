#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>

#include "engine/diffusion/beta_schedule.h"
#include "engine/diffusion/ddpm_case_tools.h"
#include "engine/diffusion/guidance.h"
#include "engine/diffusion/timestep_spacing.h"
#include "engine/diffusion/vlb.h"
#include "engine/systems/cfg/cases.h"

namespace orrery::cfg {
namespace {

using namespace diffusion;

// The case's stand-in for a network, in float32 throughout: near the last timestep x0 is a difference of numbers near 20,000, so that
// whatever falls inside [-1, 1] is made of rounding.
struct Stub {
  at::Tensor noise, variance;
  Stub(const at::Tensor& x, float t, const at::Tensor& condition) {
    const float w = t * t / (t * t + 3600.0F);
    const at::Tensor c = condition.view({-1, 1, 1, 1});
    const auto number = [&](float value) { return at::full({}, value, x.options()); };
    const at::Tensor time = number(t);
    noise = number(w) * x + number(1.0F - w) * (number(0.8F) * (number(1.3F) * x + number(0.004F) * time).sin() + number(0.05F) * (number(0.01F) * time).cos() + number(1.5F) * (c * x).tanh());
    variance = (number(0.5F) * x + number(0.2F) * c).tanh();
  }
};

}  // namespace

void run_glide_case(parity::Case& reference) {
  const auto& args = reference.args();
  const auto total = args.at("steps").get<std::int64_t>();
  const Timesteps timesteps = respaced_timesteps(total, args.at("timestep_respacing").get<std::string>());
  const DiscreteSchedule schedule(respaced_betas(cumulative_alphas(make_betas(BetaLaw::cosine, total)), timesteps));
  const std::vector<double> powers = values_of(schedule.alpha_bars);
  reference.report("table.timestep_map", at::tensor(timesteps, at::kLong));
  reference.report("table.betas", schedule.betas);
  reference.report("table.fast27", at::tensor(respaced_timesteps(total, "fast27"), at::kLong));

  const at::Tensor condition = reference.in("in.cond"), nothing = at::zeros_like(condition);
  const auto count = reference.in("in.x").size(0);
  for (const auto& [scale_text, scale] : std::map<std::string, double>{{"1", 1.0}, {"3", 3.0}}) {
    for (const std::string& kind : {std::string("p_sample"), std::string("ddim_sample.eta0"), std::string("ddim_sample.eta1")}) {
      at::Tensor x = reference.in("in.x");
      std::vector<at::Tensor> xs;
      for (std::int64_t k = 0; k < schedule.steps(); ++k) {
        const auto i = schedule.steps() - 1 - k;
        const at::Tensor t = at::full({count}, i, at::kLong), fresh = reference.in("in.noise")[k].narrow(0, 0, count);
        const auto time = static_cast<float>(timesteps[static_cast<std::size_t>(i)]);
        const Stub c(x, time, condition), u(x, time, nothing);
        const at::Tensor x0 = x0_of_noise(schedule, x, t, u.noise + (c.noise - u.noise) * scale).clamp(-1.0, 1.0);
        if (kind == "p_sample") {
          const at::Tensor log_variance = learned_log_variance(schedule, c.variance, t), mean = posterior_mean(schedule, x0, x, t);
          x = i > 0 ? mean + (log_variance * 0.5).exp() * fresh : mean;
        } else {
          // ddim_step in float32: near the last timestep 1 - abar - sigma^2 is all rounding.
          const auto now = static_cast<float>(powers[static_cast<std::size_t>(i)]), next = i > 0 ? static_cast<float>(powers[static_cast<std::size_t>(i) - 1]) : 1.0F;
          const float eta = kind.back() == '1' ? 1.0F : 0.0F, deviation = eta * std::sqrt((1.0F - next) / (1.0F - now)) * std::sqrt(1.0F - now / next);
          const float squares = deviation * deviation, rest = std::sqrt(std::max(1.0F - next - squares, 0.0F));
          const at::Tensor noise = (gather(schedule.sqrt_recip_alpha_bars, t, x) * x - x0) / gather(schedule.sqrt_recipm1_alpha_bars, t, x);
          x = x0 * std::sqrt(next) + noise * rest;
          if (i > 0) x = x + fresh * deviation;
        }
        xs.push_back(x);
      }
      reference.report("out.s" + scale_text + "." + kind, at::stack(xs));
    }
  }
}

}  // namespace orrery::cfg
