#include "engine/explore/generator_controls.h"

#include <algorithm>
#include <set>

#include "engine/explore/class_controls.h"
#include "engine/explore/control_parts.h"

namespace orrery {
namespace {

constexpr const char* kSlerp = "z slerp";
constexpr const char* kLerp = "z lerp";
constexpr const char* kLerpW = "w lerp";

using Specs = std::vector<ControlSpec>;

ControlSpec layers_control(const char* id, const char* section, const char* label, const char* help, std::int64_t num_ws) {
  ControlSpec spec = control(ControlKind::layer_range, id, section, label, help, std::vector<double>{0.0, static_cast<double>(num_ws - 1)});
  return ranged(std::move(spec), 0.0, static_cast<double>(num_ws - 1), 1.0, "layers");
}

void add_latent(Specs& specs) {
  const char* section = "Latent";
  specs.push_back(seed_control("seed", section, "Seed", "The number that the latent z is drawn from. The same seed always gives the same picture.", 0));
  auto pad = control(ControlKind::latent_pad, "latent.pad", section, "Walk",
                     "Where you stand between seeds: whole points are seeds (one step right is the next seed, one step up is a hundred further), and on the way "
                     "the latents are mixed.", std::vector<double>{0.0, 0.0});
  specs.push_back(ranged(std::move(pad), -kPadReach, kPadReach, 0.02, "seeds"));
  auto mode = control(ControlKind::choice, "latent.mode", section, "Interpolation",
                      "How latents are mixed: on the sphere in z (keeps the length the network was trained on), on the straight line in z, or on the straight line in w "
                      "(the evenest change).", std::string(kSlerp));
  mode.choices = {kSlerp, kLerp, kLerpW};
  specs.push_back(expert(std::move(mode)));
  specs.push_back(seed_control("latent.second", section, "Second seed", "The seed at the other end of Blend.", 1));
  auto second_pad = control(ControlKind::latent_pad, "latent.second_pad", section, "Second walk", "Where the second point stands, counted from the second seed.",
                            std::vector<double>{0.0, 0.0});
  specs.push_back(expert(ranged(std::move(second_pad), -kPadReach, kPadReach, 0.02, "seeds")));
  auto blend = control(ControlKind::slider, "latent.blend", section, "Blend", "How far to go from the first point to the second: 0 is the first, 1 the second.", 0.0);
  specs.push_back(ranged(std::move(blend), 0.0, 1.0, 0.01));
}

void add_truncation(Specs& specs, const GeneratorTraits& traits) {
  const char* section = "Truncation";
  const auto layers = traits.shape.num_ws;
  auto psi = control(ControlKind::slider, "truncation.psi", section, "Truncation ψ",
                     "Pulls w towards its average: 1 leaves it, smaller values give cleaner and more alike pictures, 0 is the average picture, negative ones its opposite.", 1.0);
  psi = ranged(std::move(psi), -1.0, 2.0, 0.01);
  auto cutoff = control(ControlKind::integer, "truncation.cutoff", section, "Cutoff", "How many layers, from the coarsest on, truncation acts on.", layers);
  cutoff = ranged(std::move(cutoff), 0.0, static_cast<double>(layers), 1.0, "layers");
  if (!traits.has_average) psi.unavailable = cutoff.unavailable = "This model keeps no average of w to truncate towards.";
  specs.push_back(psi);
  specs.push_back(expert(std::move(cutoff)));
}

void add_mixing(Specs& specs, const GeneratorTraits& traits) {
  const char* section = "Style mixing";
  specs.push_back(seed_control("mix.seed", section, "Style seed", "Whose styles are mixed in.", 1));
  auto strength = control(ControlKind::slider, "mix.strength", section, "Strength", "How much of the other seed's styles: 0 none, 1 wholly.", 0.0);
  specs.push_back(ranged(std::move(strength), 0.0, 1.0, 0.01));
  specs.push_back(layers_control("mix.layers", section, "Layers", "Which layers take the other seed's styles: the first ones set pose and shape, the last ones colour.", traits.shape.num_ws));
}

void add_noise(Specs& specs, const GeneratorTraits& traits) {
  const char* section = "Noise";
  auto mode = control(ControlKind::choice, "noise.mode", section, "Noise", "Fine detail: none, the fixed noise stored in the model, or fresh noise from the noise seed.", std::string("constant"));
  mode.choices = {"none", "constant", "random"};
  auto strength = control(ControlKind::slider, "noise.strength", section, "Strength", "Multiplies the strength that each layer learned.", 1.0);
  strength = ranged(std::move(strength), 0.0, 4.0, 0.02);
  auto seed = seed_control("noise.seed", section, "Noise seed", "Which fresh noise, when Noise is random.", 0);
  if (!traits.shape.has_noise) mode.unavailable = strength.unavailable = seed.unavailable = "This network takes no noise.";
  specs.push_back(mode);
  specs.push_back(expert(std::move(strength)));
  specs.push_back(expert(std::move(seed)));
}

void add_directions(Specs& specs, const GeneratorTraits& traits) {
  const char* section = "Directions";
  auto layers = layers_control("direction.layers", section, "Layers", "Which layers the steps along directions act on.", traits.shape.num_ws);
  if (!traits.directions) {
    layers.unavailable = "Directions were not looked for in this model yet: choose Find directions.";
    specs.push_back(layers);
    return;
  }
  const auto add = [&](const at::Tensor& rows, const std::string& sort, const std::string& label, const char* help) {
    for (std::int64_t k = 1; k <= rows.size(0); ++k) {
      const std::string number = std::to_string(k);
      auto step = control(ControlKind::slider, ("direction." + sort + "." + number).c_str(), section, (label + " " + number).c_str(), help, 0.0);
      step = ranged(std::move(step), -10.0, 10.0, 0.1, "σ");
      step.simple = k <= 3;
      specs.push_back(step);
    }
  };
  add(traits.directions->pca, "pca", "Component", "A step along a principal component of w, in standard deviations: the strongest changes this model knows.");
  add(traits.directions->closed, "closed", "Factor", "A step along a direction that the style weights amplify most (closed-form factorisation), in standard deviations.");
  specs.push_back(layers);
}

PadPoint point_of(const Request& request, const char* seed, std::int64_t neutral, const char* pad) {
  const auto at = request.get<std::vector<double>>(pad, {0.0, 0.0});
  return {request.get<std::int64_t>(seed, neutral), at[0], at[1]};
}

LayerRange layers_of(const Request& request, const char* id, std::int64_t num_ws) {
  const auto range = request.get<std::vector<double>>(id, {0.0, static_cast<double>(num_ws - 1)});
  return {static_cast<std::int64_t>(range[0]), static_cast<std::int64_t>(range[1])};
}

std::vector<double> steps(const Request& request, const char* sort, std::int64_t count) {
  std::vector<double> out;
  for (std::int64_t k = 1; k <= count; ++k) out.push_back(request.get<double>("direction." + std::string(sort) + "." + std::to_string(k), 0.0));
  return out;
}

}  // namespace

std::vector<ControlSpec> generator_controls(const GeneratorTraits& traits) {
  Specs specs;
  add_latent(specs);
  add_class_controls(specs, traits.class_names);
  add_truncation(specs, traits);
  add_mixing(specs, traits);
  add_noise(specs, traits);
  add_directions(specs, traits);
  return specs;
}

GeneratorSettings read_settings(const Request& request, const GeneratorTraits& traits) {
  const auto layers = traits.shape.num_ws;
  GeneratorSettings out;
  out.point = point_of(request, "seed", 0, "latent.pad");
  out.second = point_of(request, "latent.second", 1, "latent.second_pad");
  out.blend = request.get<double>("latent.blend", 0.0);
  const std::string space = request.get<std::string>("latent.mode", kSlerp);
  out.space = space == kLerpW ? MixSpace::w_lerp : space == kLerp ? MixSpace::z_lerp : MixSpace::z_slerp;
  out.class_weights = class_weights(request, traits.class_names);
  out.psi = request.get<double>("truncation.psi", 1.0);
  out.cutoff = request.get<std::int64_t>("truncation.cutoff", layers);
  out.mix_seed = request.get<std::int64_t>("mix.seed", 1);
  out.mix_strength = request.get<double>("mix.strength", 0.0);
  out.mix_layers = layers_of(request, "mix.layers", layers);
  const std::string noise = request.get<std::string>("noise.mode", "constant");
  out.noise_mode = noise == "none" ? SynthesisNoise::Mode::none : noise == "random" ? SynthesisNoise::Mode::random : SynthesisNoise::Mode::constant;
  out.noise_strength = request.get<double>("noise.strength", 1.0);
  out.noise_seed = request.get<std::int64_t>("noise.seed", 0);
  out.direction_layers = layers_of(request, "direction.layers", layers);
  if (traits.directions) {
    out.pca = steps(request, "pca", traits.directions->pca.size(0));
    out.closed = steps(request, "closed", traits.directions->closed.size(0));
  }
  return out;
}

bool uses_directions(const Request& request) {
  return std::any_of(request.values.begin(), request.values.end(), [](const auto& entry) { return is_direction(entry.first); });
}

}  // namespace orrery
