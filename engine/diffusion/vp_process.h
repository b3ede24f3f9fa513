// The variance-preserving process in continuous time: x_t = s(t) (x0 + sigma(t) noise), with beta linear in t.
// Song et al. 2021 (score SDE), equations 32 and 33; Karras et al. 2022 (EDM), table 1.
#pragma once

namespace orrery::diffusion {

struct VpProcess {
  double beta_min = 0.1;
  double beta_max = 20.0;

  double beta(double t) const;        // the rate at t
  double log_scale(double t) const;   // log s(t) = -1/2 integral of beta
  double scale(double t) const;       // s(t)
  double sigma(double t) const;       // noise level of x / s
  double deviation(double t) const;   // s sigma = sqrt(1 - s^2)
  double half_log_snr(double t) const;  // lambda = -log sigma
  double time_of(double half_log_snr) const;  // its inverse
};

}  // namespace orrery::diffusion
