#include "engine/diffusion/vp_process.h"

#include <cmath>

namespace orrery::diffusion {

double VpProcess::beta(double t) const { return beta_min + (beta_max - beta_min) * t; }
double VpProcess::log_scale(double t) const { return -0.5 * (beta_min * t + 0.5 * (beta_max - beta_min) * t * t); }
double VpProcess::scale(double t) const { return std::exp(log_scale(t)); }
double VpProcess::sigma(double t) const { return std::sqrt(std::expm1(-2.0 * log_scale(t))); }
double VpProcess::deviation(double t) const { return std::sqrt(-std::expm1(2.0 * log_scale(t))); }
double VpProcess::half_log_snr(double t) const { return -std::log(sigma(t)); }

// sigma^2 = e^B - 1 gives B(t) = log1p(e^(-2 lambda)), a quadratic in t; the root is written so that small B loses nothing.
double VpProcess::time_of(double half_log_snr) const {
  const double integral = half_log_snr > 0.0 ? std::log1p(std::exp(-2.0 * half_log_snr)) : -2.0 * half_log_snr + std::log1p(std::exp(2.0 * half_log_snr));
  const double slope = beta_max - beta_min;
  return 2.0 * integral / (beta_min + std::sqrt(beta_min * beta_min + 2.0 * slope * integral));
}

}  // namespace orrery::diffusion
