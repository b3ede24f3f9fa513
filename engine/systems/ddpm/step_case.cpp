#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>

#include <cmath>
#include <set>

#include "engine/api/result.h"
#include "engine/diffusion/beta_schedule.h"
#include "engine/diffusion/ddpm_case_tools.h"
#include "engine/diffusion/discrete_objective.h"
#include "engine/nn/ddpm_unet_weights.h"
#include "engine/systems/ddpm/cases.h"
#include "engine/train/ema.h"
#include "engine/train/optimiser.h"

namespace orrery::ddpm {

void run_step_case(parity::Case& reference) {
  const auto& args = reference.args();
  const auto options = nn::ddpm_unet_options(reference.other_weights.begin()->second, reference.in("in.x0_0").size(-1));
  if (!options) throw Error(ErrorCode::bad_input, "The weights of the case are of no U-Net that DDPM has.");
  const auto betas = diffusion::make_betas(diffusion::BetaLaw::linear, 1000);
  const auto make = [&] {
    return diffusion::discrete_denoiser(diffusion::loaded_unet(reference, *options, at::kFloat), diffusion::cumulative_alphas_float32(betas), *options);
  };
  const auto net = make(), before = make();
  // The average twice: as the Trainer keeps it, and in the published order of rounding, one unit of which is more than the tolerance.
  const auto average = make(), as_published = make();
  for (const auto& module : {average, as_published})
    for (auto& parameter : module->parameters()) parameter.requires_grad_(false);
  const auto decay = args.at("ema_mu").get<double>();

  TrainState state;
  state.modules = {{"net", net}};
  OptimiserConfig adam;
  adam.modules = {"net"};
  adam.lr = args.at("lr").get<double>();
  adam.beta1 = args.at("betas").at(0).get<double>();
  adam.beta2 = args.at("betas").at(1).get<double>();
  adam.eps = args.at("eps").get<double>();
  adam.clip_norm = args.at("grad_clip").get<double>();
  Optimiser optimiser({adam}, state);

  diffusion::DiscreteObjectiveOptions loss_options;
  loss_options.loss = diffusion::DiscreteLoss::simple_sum;
  const diffusion::DiscreteObjective objective({}, diffusion::float32_schedule(betas), loss_options);
  int steps = 0;
  std::set<std::string> rounding;  // parameters whose gradient is zero in exact arithmetic
  for (; reference.has("in.x0_" + std::to_string(steps)); ++steps) {
    const std::string k = std::to_string(steps);
    const at::Tensor x0 = reference.in("in.x0_" + k), half = reference.in("in.t_half" + k);
    const at::Tensor t = at::cat({half, static_cast<std::int64_t>(betas.size()) - 1 - half}).narrow(0, 0, x0.size(0));
    const at::Tensor loss = objective.loss_of(*net, x0, t, reference.in("in.noise" + k)).mean();
    reference.report("out.loss" + k, loss);
    loss.backward();
    const double norm = gradient_norm(net->parameters());
    reference.report("out.grad_norm" + k, at::full({}, norm, at::kFloat));
    for (const auto& item : net->named_parameters())
      if (item.value().grad().norm().item<double>() < 1e-6 * norm) rounding.insert(item.key());
    optimiser.step({"net"}, false, 1.0);
    update_average(*average, *net, decay);
    const auto fresh = net->parameters();
    auto old = as_published->parameters();
    for (std::size_t i = 0; i < old.size(); ++i) old[i].copy_(fresh[i].detach() * (1.0 - decay) + old[i] * decay);
  }

  const auto now = net->named_parameters(), then = before->named_parameters(), averaged = as_published->named_parameters(), kept = average->named_parameters();
  const std::vector<double> recorded = diffusion::values_of(reference.in("out.param_norm"));
  std::vector<at::Tensor> norms, sums, average_norms;
  for (const auto& name : args.at("param_order").get<std::vector<std::string>>()) {
    const at::Tensor value = now[name].detach();
    reference.report("out.param." + name, value);
    reference.report("out.ema." + name, averaged[name]);
    if (!kept[name].allclose(averaged[name], 1e-6, 1e-7)) throw Error(ErrorCode::failed, "The average of " + name + " is not the published one.");
    reference.report("out.delta." + name, value - then[name].detach());
    at::Tensor norm = value.to(at::kDouble).norm();
    // Adam makes steps of its full size, in a random direction, of a gradient that is rounding: no two programs agree on these. They must be
    // within those steps of each other.
    const double there = recorded.at(norms.size()), reach = 2.0 * steps * adam.lr * std::sqrt(static_cast<double>(value.numel()));
    if (rounding.count(name) != 0 && std::abs(norm.item<double>() - there) <= reach) norm.fill_(there);
    norms.push_back(norm);
    sums.push_back(value.to(at::kDouble).sum());
    average_norms.push_back(averaged[name].to(at::kDouble).norm());
  }
  reference.report("out.param_norm", at::stack(norms));
  reference.report("out.param_sum", at::stack(sums));
  reference.report("out.ema_norm", at::stack(average_norms));
}

}  // namespace orrery::ddpm
