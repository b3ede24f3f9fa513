// A network that predicts the noise of a discrete-time process, as a Denoiser: x / sqrt(1 + sigma^2) is the state that the network knows, and
// sigma = sqrt(1 / abar - 1) says its timestep. (Karras et al. 2022, EDM, appendix C.)
#pragma once

#include <memory>
#include <vector>

#include "engine/kinds/denoiser.h"
#include "engine/nn/raw_network.h"

namespace orrery::diffusion {

// The modules of the network become this module's own, so that weights keep the names they were published with.
class DiscreteDenoiser : public Denoiser {
 public:
  // alpha_bars: the signal power at each timestep the network was trained at, falling. `shape` gets the range of noise levels from them.
  DiscreteDenoiser(std::shared_ptr<nn::RawNetwork> network, std::vector<double> alpha_bars, DenoiserShape shape);

  DenoiserShape shape() const override { return shape_; }
  // Between timesteps the network is asked at a fraction of them, linear in log sigma; beyond the ladder at its ends.
  at::Tensor denoise(const at::Tensor& x, const at::Tensor& sigma, const Condition& condition) override;
  at::Tensor round_sigma(const at::Tensor& sigma) const override;
  std::vector<double> ladder() const override { return sigmas_; }

  // The network itself: the noise in x_t = sqrt(abar) x0 + sqrt(1 - abar) noise at timestep t [N] (any number type). Channels beyond the sample's
  // (a learned variance) are dropped.
  at::Tensor predict_noise(const at::Tensor& x_t, const at::Tensor& t, const Condition& condition = {});

  const std::vector<double>& alpha_bars() const { return alpha_bars_; }
  // The timestep (with fraction) of a noise level.
  double timestep_of(double sigma) const;

 private:
  std::shared_ptr<nn::RawNetwork> network_;
  std::vector<double> alpha_bars_, sigmas_;  // sigmas_ rise
  DenoiserShape shape_;
  at::Tensor like_;
};

}  // namespace orrery::diffusion
