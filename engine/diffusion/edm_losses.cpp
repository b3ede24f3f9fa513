#include "engine/diffusion/edm_losses.h"

#include <ATen/ops/pow.h>

#include "engine/diffusion/names.h"

namespace orrery::diffusion {

NoiseLaw noise_law_from_name(const std::string& name) {
  return by_name<NoiseLaw>(name, "noise distribution", {{"edm", NoiseLaw::edm}, {"vp", NoiseLaw::vp}, {"ve", NoiseLaw::ve}});
}

at::Tensor NoiseLawOptions::sigma(const at::Tensor& draw) const {
  switch (law) {
    case NoiseLaw::edm: return (draw * p_std + p_mean).exp();
    case NoiseLaw::vp: return vp.sigma(draw * (vp_time_min - 1.0) + 1.0);
    case NoiseLaw::ve: break;
  }
  return at::pow(sigma_max / sigma_min, draw) * sigma_min;
}

at::Tensor NoiseLawOptions::weight(const at::Tensor& sigma) const {
  if (law == NoiseLaw::edm) return (sigma.square() + sigma_data * sigma_data) / (sigma * sigma_data).square();
  return sigma.square().reciprocal();
}

}  // namespace orrery::diffusion
