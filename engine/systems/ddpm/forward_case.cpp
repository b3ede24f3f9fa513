#include "engine/diffusion/ddpm_case_tools.h"
#include "engine/systems/ddpm/cases.h"

namespace orrery::ddpm {

void run_forward_case(parity::Case& reference) {
  const at::NoGradGuard no_grad;
  const nn::DdpmUnetOptions options = diffusion::unet_options(reference.args());
  for (const auto type : {at::kFloat, at::kDouble}) {
    const auto network = diffusion::loaded_unet(reference, options, type);
    const LayerTap tap = type == at::kFloat ? LayerTap([&](const std::string& name, const at::Tensor& x) { reference.report("tap." + name, x); }) : LayerTap();
    nn::NetworkInput input;
    input.x = reference.in("in.x").to(type);
    input.noise = reference.in("in.t").to(type);
    reference.report(type == at::kFloat ? "out.y" : "out.y_f64", network->forward(input, tap));
  }
}

}  // namespace orrery::ddpm
