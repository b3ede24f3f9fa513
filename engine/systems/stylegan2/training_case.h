// What the cases "loss" and "step" share: networks, draws and objective from a case's recorded values.
#pragma once

#include "engine/gan/adversarial_objective.h"
#include "engine/parity/case.h"

namespace orrery::stylegan2 {

struct RecordedTraining {
  TrainState state;  // modules "g" and "d", tensor "pl_mean"
  gan::AdversarialOptions options;
};

// Networks from args.G and args.D with the weights "G.*" and "D.*", in `dtype`. pl_mean starts at `pl_mean`.
RecordedTraining recorded_training(const parity::Case& reference, at::ScalarType dtype, const at::Tensor& pl_mean);
// in.<prefix>{mix_cutoff, mix_u, mix_z, noise.*, pl_noise}, with the latents and labels given.
gan::GanDraws recorded_draws(const parity::Case& reference, const std::string& prefix, const at::Tensor& z, const at::Tensor& c,
                             double style_mixing, at::ScalarType dtype);
// The phase of that name among the objective's own ("g", "g.pl", "d", "d.r1").
Phase phase_named(const Objective& objective, const std::string& name);
// The published names of the phases.
inline const std::map<std::string, std::string>& phase_names() {
  static const std::map<std::string, std::string> names{{"Gmain", "g"}, {"Greg", "g.pl"}, {"Dmain", "d"}, {"Dreg", "d.r1"}};
  return names;
}

}  // namespace orrery::stylegan2
