// Training a VQGAN's tokenizer: reconstruction, perceptual distance, codebook, commitment and entropy terms, and a discriminator that starts later
// (Esser et al. 2021, section 3.1; MaskGIT's entropy term). Phases "tokenizer", "d" and, where asked for, "d.r1". Modules "net" (a
// TokenNetwork; its prior waits) and "d". Tensors: "codes.usage" [codes] running counts a batch.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/features/vgg16.h"
#include "engine/gan/losses.h"
#include "engine/tokens/token_network.h"
#include "engine/tokens/vqgan_tokenizer.h"
#include "engine/train/objective.h"

namespace orrery::tokens {

struct VqganTraining {
  double l1 = 1.0, l2 = 0.0;
  double perceptual = 1.0;       // 0: none, and no pretrained weights are needed
  std::string perceptual_file;   // weights a person has; empty: the fetched ones
  double commitment = 0.25;
  double entropy = 0.1, entropy_temperature = 0.01;
  double adversarial = 0.8;      // 0: no discriminator
  bool adaptive = true;
  bool residual = false;         // kind of discriminator: StyleGAN's residual one, or PatchGAN
  std::int64_t discriminator_width = 64, discriminator_layers = 3;
  gan::AdversarialLoss loss = gan::AdversarialLoss::hinge;
  double start_pictures = 0.0;   // the discriminator waits so long
  double r1 = 0.0;               // cost of R1, without a half
  std::int64_t r1_interval = 16;
  std::int64_t restart_interval = 100;  // steps between looking for codes that nobody chooses; 0: never
};

class VqganObjective : public Objective {
 public:
  using MakeNetwork = std::function<std::shared_ptr<TokenNetwork>()>;
  // Throws Error(failed) where the perceptual distance's weights are not there, saying how to get them.
  VqganObjective(MakeNetwork make_network, const VqganTraining& options);

  TrainState make_state(Rng rng, const std::string& device) override;
  std::vector<Phase> phases() const override;
  PhaseLoss loss(const Phase& phase, const Batch& batch, TrainState& state, Rng rng, const StepInfo& info) override;
  void after_step(TrainState& state, const StepInfo& info, std::map<std::string, double>& watched) override;
  std::vector<std::string> averaged() const override { return {"net"}; }

 private:
  bool judged(const StepInfo& info) const { return options_.adversarial > 0.0 && info.pictures_seen >= options_.start_pictures; }
  PhaseLoss tokenizer_phase(const at::Tensor& real, TrainState& state, const StepInfo& info);
  PhaseLoss discriminator_phase(const at::Tensor& real, TrainState& state, const StepInfo& info);
  PhaseLoss r1_phase(const at::Tensor& real, TrainState& state, const StepInfo& info) const;
  at::Tensor logits(const TrainState& state, const at::Tensor& pictures) const;
  const features::PerceptualDistance& distance(const at::Device& device);

  MakeNetwork make_network_;
  VqganTraining options_;
  std::shared_ptr<features::PerceptualDistance> distance_;
  at::Tensor rows_;   // latents [M, dim] of the step, for codes that start anew
  at::Tensor built_;  // what the tokenizer made of the step's pictures
};

}  // namespace orrery::tokens
