// Training a Denoiser: sum over the sample of weight(sigma) (D(y + n; sigma, c) - y)^2 (Karras et al. 2022, EDM, equation 2), with dropped
// classes (Ho & Salimans 2022, algorithm 1) and augmentation that the network is told of (EDM, appendix F.2).
//
// One phase "net"; module "net".
#pragma once

#include <functional>
#include <memory>

#include "engine/diffusion/edm_losses.h"
#include "engine/kinds/denoiser.h"
#include "engine/train/objective.h"

namespace orrery::diffusion {

// Uint8 pictures to [-1, 1] by x / 127.5 - 1; floating-point samples stay as they are.
at::Tensor to_samples(const at::Tensor& data, const at::TensorOptions& options);

struct DenoisingOptions {
  NoiseLawOptions noise{};
  double drop_classes = 0.0;  // probability that a sample's class is left out, so that the network learns the empty condition too
};

// Everything random in a step: a pure function of the phase's Rng, or recorded.
struct DenoisingDraws {
  at::Tensor level;    // [N] standard normal or uniform, as the noise law wants it
  at::Tensor noise;    // standard normal, the shape of the samples
  at::Tensor keep;     // [N] uniform: classes stay where it is at least drop_classes; undefined: all stay
  at::Tensor augment;  // [N, augment_dim] augmentation labels of the samples; undefined: none
  Rng* dropout = nullptr;
};

class DenoisingObjective : public Objective {
 public:
  using MakeNetwork = std::function<std::shared_ptr<Denoiser>()>;
  struct Augmented {
    at::Tensor samples, labels;
  };
  // [N, sample...] -> the same shape and labels [N, augment_dim].
  using Augment = std::function<Augmented(const at::Tensor& samples, Rng rng)>;

  DenoisingObjective(MakeNetwork make_network, const DenoisingOptions& options, Augment augment = {});

  TrainState make_state(Rng rng, const std::string& device) override;
  std::vector<Phase> phases() const override { return {{"net", {"net"}, 1, 1.0, false}}; }
  PhaseLoss loss(const Phase& phase, const Batch& batch, TrainState& state, Rng rng, const StepInfo& info) override;
  std::vector<std::string> averaged() const override { return {"net"}; }

  // The weighted squared error of every element. samples [N, ...], classes [N, classes] or undefined.
  at::Tensor loss_map(Denoiser& net, const at::Tensor& samples, const at::Tensor& classes, const DenoisingDraws& draws) const;

 private:
  MakeNetwork make_network_;
  DenoisingOptions options_;
  Augment augment_;
};

}  // namespace orrery::diffusion
