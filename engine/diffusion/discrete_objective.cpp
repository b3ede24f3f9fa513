#include "engine/diffusion/discrete_objective.h"

#include <ATen/ops/cat.h>

#include "engine/diffusion/denoising_objective.h"
#include "engine/nn/reset.h"

namespace orrery::diffusion {

at::Tensor draw_timesteps(Rng rng, std::int64_t count, std::int64_t steps, bool antithetic, const at::Device& device) {
  const auto drawn = antithetic ? count / 2 + 1 : count;
  const at::Tensor t = (rng.uniform({drawn}, at::TensorOptions().dtype(at::kDouble).device(device)) * static_cast<double>(steps)).to(at::kLong).clamp_max(steps - 1);
  return antithetic ? at::cat({t, steps - 1 - t}).narrow(0, 0, count) : t;
}

TrainState DiscreteObjective::make_state(Rng rng, const std::string& device) {
  const auto net = make_network_();
  nn::reset_all(*net, rng.fork("net"));
  net->to(at::Device(device));
  TrainState state;
  state.modules = {{"net", net}};
  return state;
}

at::Tensor DiscreteObjective::loss_of(DiscreteDenoiser& net, const at::Tensor& x0, const at::Tensor& t, const at::Tensor& noise, const Condition& condition) const {
  const at::Tensor x_t = q_sample(schedule_, x0, t, noise), predicted = net.predict_noise(x_t, t, condition);
  const at::Tensor squares = (noise - predicted).square().flatten(1);
  switch (options_.loss) {
    case DiscreteLoss::simple_mean: return squares.mean(1);
    case DiscreteLoss::simple_sum: return squares.sum(1);
    case DiscreteLoss::bound: break;
  }
  const at::Tensor mean = posterior_mean(schedule_, x0_of_noise(schedule_, x_t, t, predicted), x_t, t);
  return bound_term(schedule_, x0, x_t, t, mean, fixed_log_variance(schedule_, options_.variance, t, x_t));
}

PhaseLoss DiscreteObjective::loss(const Phase&, const Batch& batch, TrainState& state, Rng rng, const StepInfo&) {
  auto& net = dynamic_cast<DiscreteDenoiser&>(*state.modules.at("net"));
  const auto options = net.parameters().front().options().requires_grad(false);
  const at::Tensor x0 = to_samples(batch.pictures, options);
  const at::Tensor t = draw_timesteps(rng.fork("t"), x0.size(0), schedule_.steps(), options_.antithetic, options.device());
  const at::Tensor noise = rng.fork("noise").normal(x0.sizes(), options);
  Rng dropout = rng.fork("dropout");
  Condition condition;
  condition.dropout = &dropout;
  PhaseLoss out;
  const at::Tensor loss = loss_of(net, x0, t, noise, condition);
  if (options_.loss == DiscreteLoss::bound) out.terms["bound"] = loss * static_cast<double>(schedule_.steps());
  else out.terms["noise"] = loss;
  return out;
}

}  // namespace orrery::diffusion
