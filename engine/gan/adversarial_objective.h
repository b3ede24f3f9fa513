// Training a Generator against a Discriminator: the phases, draws and regularisers of StyleGAN2, in a form that other adversarial
// systems share. Sources: Karras et al. 2020 (StyleGAN2), section 3 and appendix B (lazy regularisation, path length); Karras et al. 2019
// (style mixing, section 3.1); Mescheder et al. 2018 (R1).
//
// Phases, in this order: "g", "g.pl" (every pl_interval steps), "d", "d.r1" (every r1_interval steps). Modules: "g", "d".
// Tensors: "pl_mean" []; "d.sign_sum" and "d.sign_count" [] float64, sums over all logits of real pictures since somebody (an adaptive
// augmentation, in after_step) set them back.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/gan/discriminator.h"
#include "engine/gan/losses.h"
#include "engine/kinds/generator.h"
#include "engine/train/objective.h"

namespace orrery::gan {

struct AdversarialOptions {
  AdversarialLoss loss = AdversarialLoss::non_saturating;
  double r1_gamma = 10.0;  // 0: no R1
  std::int64_t r1_interval = 16;
  double pl_weight = 2.0;  // 0: no path-length regularisation
  std::int64_t pl_interval = 4;
  std::int64_t pl_batch_shrink = 2;  // it runs on the first N / shrink samples
  double pl_decay = 0.01;            // weight of the newest mean in pl_mean
  double style_mixing = 0.9;         // probability that styles from a random one on come from a second latent
};

struct GanNetworks {
  std::shared_ptr<Generator> g;
  std::shared_ptr<Discriminator> d;
};

// Everything random in one phase. A pure function of the phase's Rng, or recorded.
struct GanDraws {
  at::Tensor z;                // [N, z_dim] latents of the generated pictures
  at::Tensor c;                // [N, classes] their labels, or undefined
  at::Tensor mix_z;            // [N, z_dim] second latents
  std::int64_t mix_from = -1;  // first style that comes from mix_z; < 0: none
  SynthesisNoise noise;
  at::Tensor pl_noise;  // [N, C, H, W] standard normal ("g.pl" only)
  Rng augment{0};
};

class AdversarialObjective : public Objective {
 public:
  // Builds both networks; their weights are then drawn from the run's Rng (engine/nn/reset.h).
  using MakeNetworks = std::function<GanNetworks()>;
  // Applied to every picture that D sees, real or generated: [N, C, H, W] -> the same shape, differentiable (twice, for R1).
  using Augment = std::function<at::Tensor(const at::Tensor& images, Rng rng, TrainState& state)>;
  struct Hooks {
    Augment augment;
    std::function<void(TrainState&)> make_state;  // adds tensors of its own
    std::function<void(TrainState&, const StepInfo&, std::map<std::string, double>& watched)> after_step;
  };

  AdversarialObjective(MakeNetworks make_networks, const AdversarialOptions& options, Hooks hooks = {});

  TrainState make_state(Rng rng, const std::string& device) override;
  std::vector<Phase> phases() const override;
  PhaseLoss loss(const Phase& phase, const Batch& batch, TrainState& state, Rng rng, const StepInfo& info) override;
  void after_step(TrainState& state, const StepInfo& info, std::map<std::string, double>& watched) override;
  std::vector<std::string> averaged() const override { return {"g"}; }

  GanDraws draw(const std::string& phase, const Batch& batch, const Generator& g, Rng rng) const;
  // Per-sample values of a phase: "loss", "scores.fake", "scores.real" [N, 1], "penalty" [N].
  using Seen = std::map<std::string, at::Tensor>;
  // The loss of a phase from given draws. real [N, C, H, W] in [-1, 1], real_c [N, classes] or undefined; phases "g", "g.pl" ignore both.
  PhaseLoss evaluate(const std::string& phase, const at::Tensor& real, const at::Tensor& real_c, const GanDraws& draws, TrainState& state,
                     Seen* seen = nullptr) const;

 private:
  at::Tensor generate(Generator& g, const GanDraws& draws, at::Tensor* ws_out = nullptr) const;
  at::Tensor judge(TrainState& state, const at::Tensor& images, const at::Tensor& c, Rng rng) const;
  PhaseLoss generator_phase(const GanDraws& draws, TrainState& state, Seen* seen) const;
  PhaseLoss path_length_phase(const GanDraws& draws, TrainState& state, Seen* seen) const;
  PhaseLoss discriminator_phase(const at::Tensor& real, const at::Tensor& real_c, const GanDraws& draws, TrainState& state,
                                Seen* seen) const;
  PhaseLoss r1_phase(const at::Tensor& real, const at::Tensor& real_c, const GanDraws& draws, TrainState& state, Seen* seen) const;

  MakeNetworks make_networks_;
  AdversarialOptions options_;
  Hooks hooks_;
};

// uint8 pictures to the networks' range [-1, 1].
at::Tensor to_network_range(const at::Tensor& pictures, at::ScalarType dtype = at::kFloat);

}  // namespace orrery::gan
