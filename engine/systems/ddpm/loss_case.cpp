#include <ATen/ops/full.h>

#include "engine/diffusion/beta_schedule.h"
#include "engine/diffusion/ddpm_case_tools.h"
#include "engine/diffusion/discrete_objective.h"
#include "engine/diffusion/vlb.h"
#include "engine/systems/ddpm/cases.h"

namespace orrery::ddpm {
namespace {

using diffusion::DiscreteSchedule;
using diffusion::FixedVariance;

const std::map<std::string, FixedVariance> variances{{"fixedsmall", FixedVariance::small}, {"fixedlarge", FixedVariance::large}};

struct Loss {
  parity::Case& reference;
  const DiscreteSchedule& schedule;
  diffusion::DiscreteDenoiser& net;
  at::ScalarType type;

  at::Tensor in(const std::string& name) const { return reference.in("in." + name).to(type).clone(); }
  void report(const std::string& name, const at::Tensor& value) const { reference.report("out." + name + (type == at::kDouble ? "_f64" : ""), value); }

  void run_terms() const {
    const at::NoGradGuard no_grad;
    const at::Tensor x0 = in("x0"), noise = in("noise"), t = reference.in("in.t");
    const at::Tensor x_t = diffusion::q_sample(schedule, x0, t, noise), out = net.predict_noise(x_t, t), true_mean = diffusion::posterior_mean(schedule, x0, x_t, t);
    report("x_t", x_t);
    report("posterior_mean", true_mean);
    report("posterior_variance", schedule.posterior_variance.index_select(0, t).to(type));
    report("posterior_log_variance", schedule.posterior_log_variance_clipped.index_select(0, t).to(type));
    report("prior_bpd", diffusion::prior_term(schedule, x0));
    report("decoder_ll", diffusion::discretised_gaussian_log_likelihood(x0, x0 + noise * 0.02, at::full({}, -4.0, x0.options())));

    const auto squares = [](const at::Tensor& difference) { return difference.square().flatten(1).mean(1); };
    report("l_simple_mean", squares(noise - out));
    // Means and x0 as evaluated (clipped); the bound also as trained with.
    const at::Tensor free = diffusion::x0_of_noise(schedule, x_t, t, out), clipped = free.clamp(-1.0, 1.0);
    const at::Tensor free_mean = diffusion::posterior_mean(schedule, free, x_t, t), mean = diffusion::posterior_mean(schedule, clipped, x_t, t);
    report("pred_xstart", clipped);
    report("p_mean", mean);
    for (const auto& [name, variance] : variances) {
      const at::Tensor log_variance = diffusion::fixed_log_variance(schedule, variance, t, x_t);
      report("p_log_variance_" + name, log_variance.flatten());
      report("vb_" + name, diffusion::bound_term(schedule, x0, x_t, t, free_mean, log_variance));
      report("vb_clipped_" + name, diffusion::bound_term(schedule, x0, x_t, t, mean, log_variance));
    }
    // The same network taken as one that predicts x0, or the mean of the step.
    report("l_simple_mean_xstart", squares(x0 - out));
    report("p_mean_xstart", diffusion::posterior_mean(schedule, out.clamp(-1.0, 1.0), x_t, t));
    report("l_simple_mean_xprev", squares(true_mean - out));
    report("p_mean_xprev", out);
  }

  // The sum over pixels, whose signal powers are float32 products in the published program.
  void run_gradients(const DiscreteSchedule& rounded, const std::vector<std::string>& order) const {
    diffusion::DiscreteObjectiveOptions options;
    options.loss = diffusion::DiscreteLoss::simple_sum;
    const diffusion::DiscreteObjective objective({}, type == at::kDouble ? schedule : rounded, options);
    const at::Tensor x0 = in("x0").requires_grad_(true);
    const at::Tensor loss = objective.loss_of(net, x0, reference.in("in.t"), in("noise")).mean();
    report("l_simple_sum", loss);
    const std::string suffix = type == at::kDouble ? "_f64" : "";
    const auto gradients = diffusion::gradients_of(loss, net);
    const at::Tensor norms = diffusion::gradient_norms(gradients, order, at::kDouble);
    // With as many normalisation groups as channels some gradients are zero but for rounding.
    for (const auto& [name, gradient] : gradients) reference.report_gradient("grad." + name + suffix, gradient, 1e-6 * norms.norm().item<double>());
    reference.report("grad.param_norms" + suffix, norms);
    loss.backward();
    reference.report("grad.x0" + suffix, x0.grad());
  }

  void run_bound() const {
    const at::NoGradGuard no_grad;
    const DiscreteSchedule few(diffusion::values_of(reference.in("in.bpd6_betas")));
    const auto predict = [&](const at::Tensor& x_t, const at::Tensor& t) { return net.predict_noise(x_t, t); };
    const auto noise = [&](std::int64_t t) { return in("bpd6_noise" + std::to_string(few.steps() - 1 - t)); };
    const diffusion::Bound bound = diffusion::variational_bound(few, predict, in("x0"), FixedVariance::small, noise);
    report("bpd6_total", bound.total);
    report("bpd6_terms", bound.terms);
    report("bpd6_prior", bound.prior);
    report("bpd6_mse", bound.mse);
  }
};

}  // namespace

void run_loss_case(parity::Case& reference) {
  const auto& args = reference.args();
  const auto betas = diffusion::make_betas(diffusion::beta_law_from_name(args.at("beta_schedule").get<std::string>()), args.at("T").get<std::int64_t>(), args.at("beta_start").get<double>(),
                                           args.at("beta_end").get<double>());
  const DiscreteSchedule schedule(betas), rounded = diffusion::float32_schedule(betas);
  const nn::DdpmUnetOptions options = diffusion::unet_options(args.at("net"));
  for (const auto type : {at::kFloat, at::kDouble}) {
    const auto net = diffusion::discrete_denoiser(diffusion::loaded_unet(reference, options, type), diffusion::cumulative_alphas(betas), options);
    const Loss loss{reference, schedule, *net, type};
    loss.run_terms();
    loss.run_gradients(rounded, args.at("param_order").get<std::vector<std::string>>());
    loss.run_bound();
  }
}

}  // namespace orrery::ddpm
