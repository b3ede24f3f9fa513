#include "engine/explore/denoiser_controls.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/explore/class_controls.h"
#include "engine/explore/control_parts.h"

namespace orrery {
namespace {

constexpr double kNoLimit = 100.0;  // churn.max there: everywhere
constexpr const char* kSlerp = "slerp";
constexpr const char* kLerp = "lerp";
constexpr const char* kAsChosen = "as chosen";
constexpr const char* kNothing = "nothing";

using Specs = std::vector<ControlSpec>;

void add_latent(Specs& specs) {
  const char* section = "Latent";
  const std::vector<double> origin{0.0, 0.0};
  specs.push_back(seed_control("seed", section, "Seed", "The number that the initial noise is drawn from. The same seed always gives the same picture.", 0));
  specs.push_back(ranged(control(ControlKind::latent_pad, "latent.pad", section, "Walk",
                                 "Where you stand between seeds: whole points are seeds (one step right is the next seed, one step up is a hundred further), and on the "
                                 "way the noises are mixed.", origin), -kPadReach, kPadReach, 0.02, "seeds"));
  specs.push_back(expert(choice_control("latent.mode", section, "Interpolation", "How noises are mixed: on the sphere (keeps their variance, which the network counts on) or on the straight line (greyer on the way).", {kSlerp, kLerp})));
  specs.push_back(seed_control("latent.second", section, "Second seed", "The seed at the other end of Blend.", 1));
  specs.push_back(expert(ranged(control(ControlKind::latent_pad, "latent.second_pad", section, "Second walk", "Where the second point stands, counted from the second seed.", origin),
                                -kPadReach, kPadReach, 0.02, "seeds")));
  specs.push_back(ranged(control(ControlKind::slider, "latent.blend", section, "Blend", "How far to go from the first noise to the second: 0 is the first, 1 the second.", 0.0), 0.0, 1.0, 0.01));
}

// Starts elsewhere than at the first choice.
ControlSpec starting_at(ControlSpec spec, Value neutral) {
  spec.neutral = std::move(neutral);
  return spec;
}

void add_guidance(Specs& specs, const DenoiserTraits& traits) {
  const char* section = "Guidance";
  const auto first = specs.size();
  const auto slider = [&](const char* id, const char* label, const char* text, double neutral, double min, double max, double step) {
    return ranged(control(ControlKind::slider, id, section, label, text, neutral), min, max, step);
  };
  specs.push_back(slider("guidance.scale", "Guidance", "How far to go along the difference that the class makes: 0 forgets the class, 1 is the plain model, more exaggerates it.", 1.0, 0.0, 10.0, 0.1));
  specs.push_back(slider("guidance.from", "From", "Guidance only from this part of the steps on; before it the plain conditional model.", 0.0, 0.0, 1.0, 0.01));
  specs.push_back(slider("guidance.to", "To", "Guidance only up to this part of the steps.", 1.0, 0.0, 1.0, 0.01));
  specs.push_back(expert(slider("guidance.rescale", "Rescale", "How much of the contrast that guidance adds is taken back.", 0.0, 0.0, 1.0, 0.01)));
  std::vector<std::string> views{"guided", "conditional", "unconditional"};
  if (!traits.points()) views.push_back("difference");
  specs.push_back(choice_control("guidance.view", section, "View", "Which prediction is followed; difference: grey where guidance changes nothing of the unconditional picture from the same noise.", views));
  std::vector<std::string> others{kNothing};
  others.insert(others.end(), traits.class_names.begin(), traits.class_names.end());
  specs.push_back(expert(choice_control("guidance.away_from", section, "Away from", "What guidance leads away from: a picture of nothing in particular, or of a class.", others)));
  const char* reason = traits.shape.classes == 0 ? "This model was trained without classes." : traits.shape.unconditional ? "" : "This model was trained with every class given: it knows no picture of nothing in particular.";
  for (auto i = first; i < specs.size(); ++i) specs[i].unavailable = reason;
}

void add_sampler(Specs& specs, const DenoiserTraits& traits) {
  const char* section = "Sampler";
  std::vector<std::string> names;
  std::string help = "The solver that follows the noise down.";
  for (const auto& sampler : diffusion::samplers()) {
    names.push_back(sampler.name);
    help += " " + sampler.name + ": " + sampler.help + ".";
  }
  specs.push_back(starting_at(choice_control("sampler", section, "Sampler", help.c_str(), names), traits.defaults.sampler));
  const auto slider = [&](const char* id, const char* label, const char* text, double neutral, double min, double max, double step) {
    return ranged(control(ControlKind::slider, id, section, label, text, neutral), min, max, step);
  };
  specs.push_back(ranged(control(ControlKind::integer, "sampler.steps", section, "Steps", "How many steps the noise is taken away in; more are finer and slower.", traits.defaults.steps), 1.0, 1000.0, 1.0, "steps"));
  specs.push_back(slider("sampler.rho", "ρ", "How steps are spread (edm spacing): larger numbers put more of them at little noise.", 7.0, 1.0, 20.0, 0.1));
  specs.push_back(expert(logarithmic(slider("sampler.sigma_min", "σ min", "The smallest noise level before the last step to none.", 0.002, 0.0005, 1.0, 0.001))));
  specs.push_back(expert(logarithmic(slider("sampler.sigma_max", "σ max", "The noise level of the start.", 80.0, 2.0, 200.0, 1.0))));
  std::vector<std::string> spacings{"edm", "vp", "ve", "iddpm"};
  if (!traits.ladder.empty()) spacings.insert(spacings.begin(), {"uniform", "quad", "trailing"});
  specs.push_back(expert(starting_at(choice_control("sampler.spacing", section, "Spacing",
                                            "How noise levels are spread over the steps, as in four papers; on a network in discrete time also every so-manieth timestep, more of the early ones (quad), "
                                            "or counted back from the last (trailing).", spacings), traits.defaults.spacing)));
  specs.push_back(expert(choice_control("sampler.schedule", section, "Schedule", "The time in which steps are straight: noise level σ(t) = t, variance preserving, or √t.", {"linear", "vp", "ve"})));
  specs.push_back(expert(choice_control("sampler.scaling", section, "Scaling", "Whether the state shrinks while noise grows (vp) or not.", {"none", "vp"})));
}

void add_discrete(Specs& specs, const DenoiserTraits& traits) {
  const char* section = "Sampler";
  specs.push_back(ranged(control(ControlKind::slider, "sampler.eta", section, "η", "ddim: how much fresh noise each step gets; 0 none, 1 as much as the ancestral sampler with the small variance.", 0.0), 0.0, 1.0, 0.01));
  specs.push_back(expert(starting_at(choice_control("sampler.variance", section, "Variance", "ddpm: how much fresh noise each step gets: as the forward step put in (large), or as knowing the picture would leave (small).", {"large", "small"}), traits.defaults.variance)));
  ControlSpec clip = expert(control(ControlKind::toggle, "sampler.clip", section, "Clip", "ddim, ddpm: predictions of the picture are kept between black and white.", traits.defaults.clip && !traits.points()));
  if (traits.points()) clip.unavailable = "Points have no black and white.";
  specs.push_back(clip);
}

void add_churn(Specs& specs) {
  const char* section = "Churn";
  const auto slider = [&](const char* id, const char* label, const char* text, double neutral, double min, double max, double step) {
    return expert(ranged(control(ControlKind::slider, id, section, label, text, neutral), min, max, step));
  };
  specs.push_back(slider("churn", "Churn", "How much fresh noise is added on the way, over all steps: 0 follows the noise exactly, more corrects errors and changes the picture.", 0.0, 0.0, 100.0, 1.0));
  specs.back().simple = true;
  specs.push_back(slider("churn.min", "From σ", "Fresh noise only at this noise level and above.", 0.0, 0.0, kNoLimit, 0.05));
  specs.push_back(slider("churn.max", "To σ", "Fresh noise only at this noise level and below; 100: no limit.", kNoLimit, 0.0, kNoLimit, 0.5));
  specs.push_back(slider("churn.noise", "Inflation", "Strength of the fresh noise; slightly above 1 makes up for detail that the network loses.", 1.0, 0.9, 1.1, 0.001));
  specs.push_back(expert(seed_control("churn.seed", section, "Seed", "The number that the fresh noise is drawn from, beside the seed.", 0)));
}

void add_photo(Specs& specs, const DenoiserTraits& traits) {
  const char* section = "Photo";
  const auto first = specs.size();
  specs.push_back(picture_control(ControlKind::photo, "photo", section, "Photo", "A picture to begin with instead of pure noise. Drop one here or on the stage."));
  specs.push_back(ranged(control(ControlKind::slider, "photo.strength", section, "Strength",
                                 "How much of the photo is made anew, as part of the steps: 0 is the photo itself, 1 begins with pure noise.", 0.5), 0.0, 1.0, 0.01));
  specs.push_back(choice_control("photo.mode", section, "Begin with", "What is laid over the photo: noise of the seed, or by inversion the very noise that the model itself would have made the photo from, so that "
                         "with nothing else changed it comes back, and a change of guidance, class or blend is a change of this photo.", {"noise", "inversion"}));
  std::vector<std::string> shown{kAsChosen};
  if (traits.shape.unconditional) shown.push_back(kNothing);
  shown.insert(shown.end(), traits.class_names.begin(), traits.class_names.end());
  specs.push_back(choice_control("photo.class", section, "It shows", "Inversion: what the photo shows. Name its class, then choose another one above to turn the photo into that.", shown));
  if (traits.shape.classes == 0) specs.back().unavailable = "This model was trained without classes.";
  specs.push_back(picture_control(ControlKind::mask, "photo.mask", section, "Mask", "Where the photo is made anew; everywhere else it stays as it is. Paint it on the picture (B)."));
  specs.push_back(expert(ranged(control(ControlKind::integer, "photo.resample", section, "Rounds", "With a mask: how many times each step is gone through, so that what is new fits what stayed. More is slower.", std::int64_t{1}),
                                1.0, 10.0, 1.0, "rounds")));
  if (!traits.points()) return;
  for (auto i = first; i < specs.size(); ++i) specs[i].unavailable = "This model makes points, not pictures.";
}

PadPoint point_of(const Request& request, const char* seed, std::int64_t neutral, const char* pad) {
  const auto at = request.get<std::vector<double>>(pad, {0.0, 0.0});
  return {request.get<std::int64_t>(seed, neutral), at[0], at[1]};
}

void read_guidance(const Request& request, const DenoiserTraits& traits, DenoiserSettings& out) {
  auto& g = out.guidance;
  if (!traits.shape.unconditional) return;
  g.scale = request.get<double>("guidance.scale", 1.0);
  const auto last = static_cast<double>(out.sampling.ladder.steps - 1);
  g.first_step = static_cast<std::int64_t>(std::ceil(request.get<double>("guidance.from", 0.0) * last - 1e-9));
  g.last_step = static_cast<std::int64_t>(std::floor(request.get<double>("guidance.to", 1.0) * last + 1e-9));
  if (request.get<double>("guidance.to", 1.0) >= 1.0) g.last_step = std::numeric_limits<std::int64_t>::max();  // some spacings take a step more
  g.rescale = request.get<double>("guidance.rescale", 0.0);
  const std::string view = request.get<std::string>("guidance.view", "guided");
  if (view == "conditional") g.view = diffusion::GuidanceView::conditional;
  if (view == "unconditional") g.view = diffusion::GuidanceView::unconditional;
  out.difference = view == "difference";
  const auto away = std::find(traits.class_names.begin(), traits.class_names.end(), request.get<std::string>("guidance.away_from", kNothing));
  if (away == traits.class_names.end()) return;
  out.other_weights.assign(traits.class_names.size(), 0.0);
  out.other_weights[static_cast<std::size_t>(away - traits.class_names.begin())] = 1.0;
}

PhotoSettings read_photo(const Request& request, const DenoiserTraits& traits) {
  PhotoSettings out;
  out.picture = request.get<std::string>("photo", "");
  if (out.picture.empty()) return out;
  out.mask = request.get<std::string>("photo.mask", "");
  out.inverted = request.get<std::string>("photo.mode", "noise") == "inversion";
  out.strength = request.get<double>("photo.strength", 0.5);
  out.rounds = request.get<std::int64_t>("photo.resample", 1);
  const std::string shows = request.get<std::string>("photo.class", kAsChosen);
  const auto shown = std::find(traits.class_names.begin(), traits.class_names.end(), shows);
  out.as_chosen = shown == traits.class_names.end() && shows != kNothing;
  if (shown == traits.class_names.end()) return out;
  out.shown_weights.assign(traits.class_names.size(), 0.0);
  out.shown_weights[static_cast<std::size_t>(shown - traits.class_names.begin())] = 1.0;
  return out;
}

}  // namespace

std::vector<ControlSpec> denoiser_controls(const DenoiserTraits& traits) {
  Specs specs;
  add_latent(specs);
  add_class_controls(specs, traits.class_names);
  add_photo(specs, traits);
  add_guidance(specs, traits);
  add_sampler(specs, traits);
  add_discrete(specs, traits);
  add_churn(specs);
  if (traits.points())
    specs.push_back(ranged(control(ControlKind::integer, "points", "Points", "Points", "How many points the picture shows.", std::int64_t{1000}), 1.0, 20000.0, 100.0, "points"));
  return specs;
}

DenoiserSettings read_settings(const Request& request, const DenoiserTraits& traits) {
  DenoiserSettings out;
  out.point = point_of(request, "seed", 0, "latent.pad");
  out.second = point_of(request, "latent.second", 1, "latent.second_pad");
  out.blend = request.get<double>("latent.blend", 0.0);
  out.on_sphere = request.get<std::string>("latent.mode", kSlerp) == kSlerp;
  out.class_weights = class_weights(request, traits.class_names);
  out.sampler = request.get<std::string>("sampler", traits.defaults.sampler);
  auto& s = out.sampling;
  s.ladder.steps = request.get<std::int64_t>("sampler.steps", traits.defaults.steps);
  s.ladder.rho = request.get<double>("sampler.rho", 7.0);
  s.ladder.sigma_min = std::max(request.get<double>("sampler.sigma_min", 0.002), traits.shape.sigma_min);
  s.ladder.sigma_max = std::min(request.get<double>("sampler.sigma_max", 80.0), traits.shape.sigma_max);
  const std::string spacing = request.get<std::string>("sampler.spacing", traits.defaults.spacing);
  if (spacing == "uniform" || spacing == "quad" || spacing == "trailing") s.spacing = spacing;
  else s.ladder.grid = diffusion::grid_from_name(spacing);
  s.trained = traits.ladder;
  s.eta = request.get<double>("sampler.eta", 0.0);
  s.variance = request.get<std::string>("sampler.variance", traits.defaults.variance) == "small" ? diffusion::FixedVariance::small : diffusion::FixedVariance::large;
  s.clip = request.get<bool>("sampler.clip", traits.defaults.clip) && !traits.points();
  s.schedule = diffusion::time_schedule_from_name(request.get<std::string>("sampler.schedule", "linear"));
  s.scaling = diffusion::scaling_from_name(request.get<std::string>("sampler.scaling", "none"));
  s.churn = request.get<double>("churn", 0.0);
  s.churn_min = request.get<double>("churn.min", 0.0);
  const double most = request.get<double>("churn.max", kNoLimit);
  s.churn_max = most >= kNoLimit ? std::numeric_limits<double>::infinity() : most;
  s.churn_noise = request.get<double>("churn.noise", 1.0);
  out.churn_seed = request.get<std::int64_t>("churn.seed", 0);
  read_guidance(request, traits, out);
  out.photo = read_photo(request, traits);
  out.particles = request.get<std::int64_t>("points", 1000);
  return out;
}

}  // namespace orrery
