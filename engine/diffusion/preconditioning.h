// Denoisers made of raw networks: D(x; sigma) = c_skip x + c_out F(c_in x; c_noise) (Karras et al. 2022, EDM, equation 7 and table 1).
#pragma once

#include <memory>
#include <string>

#include "engine/diffusion/noise_schedules.h"
#include "engine/kinds/denoiser.h"
#include "engine/nn/raw_network.h"

namespace orrery::diffusion {

enum class Precondition { vp, ve, iddpm, edm };
// "vp", "ve", "iddpm", "edm". Throws std::invalid_argument.
Precondition precondition_from_name(const std::string& name);

struct PreconditionOptions {
  Precondition kind = Precondition::edm;
  double sigma_data = 0.5;  // edm: standard deviation of the data
  VpSchedule vp{};          // vp: the schedule its network knows, with c_noise = (vp_steps - 1) t
  double vp_steps = 1000.0;
  double vp_time_min = 1e-5;
  double ve_sigma_min = 0.02, ve_sigma_max = 100.0;
  IddpmLadder iddpm{};      // iddpm: c_noise = M - 1 - index of the nearest entry
};

// Functions of sigma, in its type and shape.
struct Coefficients {
  at::Tensor skip, out, in, noise;
};

// Submodule "model"; buffer "u" [M + 1] for iddpm.
class PreconditionedDenoiser : public Denoiser {
 public:
  // `model` returns at least as many channels as a sample has; those beyond (a learned variance) are dropped.
  PreconditionedDenoiser(std::shared_ptr<nn::RawNetwork> model, const PreconditionOptions& options, DenoiserShape shape);

  DenoiserShape shape() const override { return shape_; }
  at::Tensor denoise(const at::Tensor& x, const at::Tensor& sigma, const Condition& condition) override { return denoise_tapped(x, sigma, condition, {}); }
  at::Tensor denoise_tapped(const at::Tensor& x, const at::Tensor& sigma, const Condition& condition, const LayerTap& tap);
  at::Tensor round_sigma(const at::Tensor& sigma) const override;

  Coefficients coefficients(const at::Tensor& sigma) const;
  const PreconditionOptions& options() const { return options_; }

 private:
  PreconditionOptions options_;
  DenoiserShape shape_;
  std::shared_ptr<nn::RawNetwork> model_;
  at::Tensor u_;
  at::Tensor like_;  // a parameter: tells type and device
};

// The noise levels each of them knows: sigma_min and sigma_max of DenoiserShape. edm knows all (0 to infinity).
void set_sigma_range(const PreconditionOptions& options, DenoiserShape& shape);

}  // namespace orrery::diffusion
