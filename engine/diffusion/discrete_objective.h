// Training a noise predictor in discrete time (Ho et al. 2020, DDPM, algorithm 1): the squared error of the predicted noise, or the variational
// bound itself. One phase "net"; module "net", a DiscreteDenoiser.
#pragma once

#include <functional>
#include <memory>

#include "engine/diffusion/discrete_denoiser.h"
#include "engine/diffusion/vlb.h"
#include "engine/train/objective.h"

namespace orrery::diffusion {

enum class DiscreteLoss {
  simple_mean,  // equation 14, the mean over a sample's values (the official program)
  simple_sum,   // their sum (Song et al. 2021, DDIM)
  bound,        // one term of equation 5 in bits per dimension, T times
};

struct DiscreteObjectiveOptions {
  DiscreteLoss loss = DiscreteLoss::simple_mean;
  FixedVariance variance = FixedVariance::large;  // of the bound
  bool antithetic = true;     // half of the timesteps mirror the other half: t and T - 1 - t
};

// Timesteps int64 [count]: uniform ones, of which the second half mirrors the first when `antithetic`.
at::Tensor draw_timesteps(Rng rng, std::int64_t count, std::int64_t steps, bool antithetic, const at::Device& device);

class DiscreteObjective : public Objective {
 public:
  using MakeNetwork = std::function<std::shared_ptr<DiscreteDenoiser>()>;
  DiscreteObjective(MakeNetwork make_network, DiscreteSchedule schedule, const DiscreteObjectiveOptions& options)
      : make_network_(std::move(make_network)), schedule_(std::move(schedule)), options_(options) {}

  TrainState make_state(Rng rng, const std::string& device) override;
  std::vector<Phase> phases() const override { return {{"net", {"net"}, 1, 1.0, false}}; }
  PhaseLoss loss(const Phase& phase, const Batch& batch, TrainState& state, Rng rng, const StepInfo& info) override;
  std::vector<std::string> averaged() const override { return {"net"}; }

  // [N]. x0 [N, ...] in [-1, 1], t int64 [N], noise like x0.
  at::Tensor loss_of(DiscreteDenoiser& net, const at::Tensor& x0, const at::Tensor& t, const at::Tensor& noise, const Condition& condition = {}) const;

 private:
  MakeNetwork make_network_;
  DiscreteSchedule schedule_;
  DiscreteObjectiveOptions options_;
};

}  // namespace orrery::diffusion
