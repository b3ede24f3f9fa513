#include "engine/systems/stylegan2/training_case.h"

#include <ATen/ops/zeros.h>

#include "engine/api/result.h"
#include "engine/systems/stylegan2/case_networks.h"

namespace orrery::stylegan2 {

RecordedTraining recorded_training(const parity::Case& reference, at::ScalarType dtype, const at::Tensor& pl_mean) {
  const auto g = generator_from_args(reference.args().at("G"));
  const auto d = discriminator_from_args(reference.args().at("D"));
  load(*g, with_prefix(reference.weights, "G."));
  load(*d, with_prefix(reference.weights, "D."));
  g->to(dtype);
  d->to(dtype);
  g->train();
  d->train();
  RecordedTraining training;
  training.state.modules = {{"g", g}, {"d", d}};
  training.state.tensors = {{"pl_mean", pl_mean.detach().clone().to(dtype)},
                            {"d.sign_sum", at::zeros({}, at::kDouble)},
                            {"d.sign_count", at::zeros({}, at::kDouble)}};
  return training;
}

gan::GanDraws recorded_draws(const parity::Case& reference, const std::string& prefix, const at::Tensor& z, const at::Tensor& c,
                             double style_mixing, at::ScalarType dtype) {
  gan::GanDraws draws;
  draws.z = z.defined() ? z.to(dtype) : z;
  draws.c = c.defined() ? c.to(dtype) : c;
  if (reference.has("in." + prefix + "mix_z")) {
    draws.mix_z = reference.in("in." + prefix + "mix_z").to(dtype);
    if (reference.in("in." + prefix + "mix_u").item<double>() < style_mixing)
      draws.mix_from = reference.in("in." + prefix + "mix_cutoff").item<std::int64_t>();
  }
  draws.noise.mode = SynthesisNoise::Mode::random;
  draws.noise.given = with_prefix(reference.io, "in." + prefix + "noise.");
  for (auto& [name, map] : draws.noise.given) map = map.to(dtype);
  if (reference.has("in." + prefix + "pl_noise")) draws.pl_noise = reference.in("in." + prefix + "pl_noise").to(dtype);
  return draws;
}

Phase phase_named(const Objective& objective, const std::string& name) {
  for (const Phase& phase : objective.phases()) {
    if (phase.name == name) return phase;
  }
  throw Error(ErrorCode::bad_input, "The case's settings switch the phase \"" + name + "\" off.");
}

}  // namespace orrery::stylegan2
