// What a person can turn on a network that fulfils the Denoiser contract, and what a request says about it.
#pragma once

#include <string>
#include <vector>

#include "engine/api/control.h"
#include "engine/api/request.h"
#include "engine/diffusion/guidance.h"
#include "engine/diffusion/sampler_list.h"
#include "engine/explore/denoiser_defaults.h"
#include "engine/explore/generator_controls.h"
#include "engine/kinds/denoiser.h"

namespace orrery {

struct DenoiserTraits {
  DenoiserShape shape;
  std::vector<std::string> class_names;  // shape.classes distinct names
  std::vector<double> ladder;            // of networks in discrete time: their noise levels, rising
  DenoiserDefaults defaults;
  bool points() const { return shape.sample.size() == 1; }
};

std::vector<ControlSpec> denoiser_controls(const DenoiserTraits& traits);

// A photo to begin with and a mask over it, as the request has them.
struct PhotoSettings {
  std::string picture, mask;           // values of engine/explore/picture_value.h; empty: none
  bool inverted = false;               // begins with the noise that the model itself comes from to the photo, not with the seed's
  double strength = 0.0;               // part of the steps that is made
  std::int64_t rounds = 1;             // of each step, with a mask
  bool as_chosen = true;               // the inversion follows the class that the picture should show,
  std::vector<double> shown_weights;   // or this one; empty: the empty condition
};

// A request in the terms of a sampler. `request` must have been checked against denoiser_controls.
struct DenoiserSettings {
  PadPoint point, second;
  double blend = 0.0;
  bool on_sphere = true;
  std::vector<double> class_weights;  // sum 1; empty for unconditional networks
  std::string sampler;
  diffusion::SamplerSettings sampling;
  std::int64_t churn_seed = 0;
  diffusion::GuidanceOptions guidance;
  bool difference = false;             // show what guidance changes instead of the picture
  std::vector<double> other_weights;   // class weights that stand for the empty condition; empty: the empty condition itself
  std::int64_t particles = 0;  // point models: how many points a picture shows
  PhotoSettings photo;
};
DenoiserSettings read_settings(const Request& request, const DenoiserTraits& traits);

}  // namespace orrery
