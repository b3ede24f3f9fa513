#include <ATen/ops/arange.h>
#include <torch/csrc/autograd/autograd.h>

#include "engine/diffusion/ddpm_case_tools.h"
#include "engine/diffusion/discrete_objective.h"
#include "engine/systems/ddim/cases.h"

namespace orrery::ddim {
namespace {

// "tap.005.down.0.downsample": the order of the calls stands before the name.
std::map<std::string, std::string> numbered_taps(const parity::Case& reference) {
  std::map<std::string, std::string> names;
  for (const auto& [name, tensor] : reference.io)
    if (name.rfind("tap.", 0) == 0 && name.size() > 8 && name[7] == '.') names[name.substr(8)] = name;
  return names;
}

}  // namespace

void run_forward_loss_case(parity::Case& reference) {
  const auto& args = reference.args();
  const nn::DdpmUnetOptions options = diffusion::unet_options(args.at("model"), args.at("data").at("image_size").get<std::int64_t>());
  const std::vector<double> betas = diffusion::values_of(reference.in("in.betas"));
  const auto taps = numbered_taps(reference);
  for (const auto type : {at::kFloat, at::kDouble}) {
    const bool as_double = type == at::kDouble;
    const diffusion::DiscreteSchedule rounded = diffusion::float32_schedule(betas), schedule = as_double ? diffusion::DiscreteSchedule(betas) : rounded;
    const auto network = diffusion::loaded_unet(reference, options, type);
    const auto net = diffusion::discrete_denoiser(network, diffusion::values_of(schedule.alpha_bars), options);
    const at::Tensor x0 = reference.in("in.x0").to(type), noise = reference.in("in.e").to(type), t = reference.in("in.t");
    // The recorded float64 pass starts from the float32 noised picture.
    const at::Tensor x_t = diffusion::q_sample(rounded, reference.in("in.x0"), t, reference.in("in.e")).to(type).requires_grad_(true);

    nn::NetworkInput input;
    input.x = x_t;
    input.noise = t.to(type);
    const LayerTap tap = as_double ? LayerTap() : LayerTap([&](const std::string& name, const at::Tensor& x) {
      if (const auto found = taps.find(name); found != taps.end()) reference.report(found->second, x);
    });
    const at::Tensor predicted = network->forward(input, tap);
    diffusion::DiscreteObjectiveOptions loss_options;
    loss_options.loss = diffusion::DiscreteLoss::simple_sum;
    const at::Tensor each = diffusion::DiscreteObjective({}, schedule, loss_options).loss_of(*net, x0, t, noise);
    if (as_double) {
      reference.report("out.eps_f64", predicted);
      reference.report("out.loss_f64", each.mean());
      continue;
    }
    reference.report("tap.xt", x_t);
    reference.report("out.eps", predicted);
    reference.report("out.loss", each.mean());
    reference.report("out.loss_per_sample", each);
    const at::Tensor probe = at::arange(predicted.numel(), predicted.options().requires_grad(false)).cos().view(predicted.sizes());
    reference.report("grad.input", torch::autograd::grad({(predicted * probe).sum()}, {x_t}).at(0));
    const auto gradients = diffusion::gradients_of(each.mean(), *net);
    for (const auto& [name, gradient] : gradients) reference.report("grad." + name, gradient);
    reference.report("grad.norm", diffusion::gradient_norms(gradients, args.at("grad_order").get<std::vector<std::string>>(), at::kFloat));
  }
}

}  // namespace orrery::ddim
