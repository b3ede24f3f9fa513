// Single steps between two noise levels of the variance-preserving process, given by their signal powers abar: the arithmetic that every
// sampler of the family shares, whatever timesteps it visits and however it came by x0. States x are sqrt(abar) x0 + sqrt(1 - abar) noise.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace orrery::diffusion {

// Noise level of x / sqrt(abar).
double sigma_of(double alpha_bar);
double alpha_bar_of(double sigma);

at::Tensor x0_of(const at::Tensor& x, const at::Tensor& noise, double alpha_bar);
at::Tensor noise_of(const at::Tensor& x, const at::Tensor& x0, double alpha_bar);
// v = sqrt(abar) noise - sqrt(1 - abar) x0 (Salimans & Ho 2022, appendix D).
at::Tensor x0_of_v(const at::Tensor& x, const at::Tensor& v, double alpha_bar);
at::Tensor noise_of_v(const at::Tensor& x, const at::Tensor& v, double alpha_bar);

// Clamps each sample at its own quantile of |x0| (linear between order statistics), kept within [1, most], and divides by it: dynamic
// thresholding (Saharia et al. 2022, Imagen, section 2.3).
at::Tensor threshold_x0(const at::Tensor& x0, double quantile, double most);

// q(x_to | x_from, x0): mean = x0 * on_x0 + x * on_x (Ho et al. 2020, equations 6 and 7, with the beta that leads from `to` to `from`).
struct Posterior {
  double on_x0 = 0.0, on_x = 0.0;
  double beta = 0.0;      // the "large" variance
  double variance = 0.0;  // the posterior's own, "small"
};
Posterior posterior_between(double alpha_bar_from, double alpha_bar_to);

// sigma of Song et al. 2021 (DDIM), equation 16: eta 0 is deterministic, eta 1 the posterior's deviation.
double ddim_deviation(double alpha_bar_from, double alpha_bar_to, double eta);
// The same paper's equation 12. `fresh` may be undefined when deviation is 0.
at::Tensor ddim_step(const at::Tensor& x0, const at::Tensor& noise, double alpha_bar_to, double deviation = 0.0, const at::Tensor& fresh = {});

// The network's noise carried on from the steps before (Liu et al. 2022, PNDM, equation 12: Adams-Bashforth of orders 1 to 4, as many as
// there are). `history` is oldest first and holds the newest too.
at::Tensor linear_multistep_noise(const std::vector<at::Tensor>& history);

}  // namespace orrery::diffusion
