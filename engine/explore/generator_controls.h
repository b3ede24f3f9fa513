// What a person can turn on a network that fulfils the Generator contract, and what a request says about it.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "engine/api/control.h"
#include "engine/api/request.h"
#include "engine/explore/directions.h"
#include "engine/kinds/generator.h"

namespace orrery {

// What the controls need to know of a network.
struct GeneratorTraits {
  GeneratorShape shape;
  std::vector<std::string> class_names;  // shape.c_dim distinct names
  bool has_average = false;
  const Directions* directions = nullptr;
};

std::vector<ControlSpec> generator_controls(const GeneratorTraits& traits);

struct PadPoint {
  std::int64_t seed = 0;
  double x = 0.0, y = 0.0;
};
enum class MixSpace { z_slerp, z_lerp, w_lerp };
struct LayerRange {
  std::int64_t first = 0, last = 0;
};

// A request in the terms of the network. `request` must have been checked against generator_controls.
struct GeneratorSettings {
  PadPoint point, second;
  double blend = 0.0;
  MixSpace space = MixSpace::z_slerp;
  std::vector<double> class_weights;  // sum 1; empty for unconditional networks
  double psi = 1.0;
  std::int64_t cutoff = 0;
  std::int64_t mix_seed = 0;
  double mix_strength = 0.0;
  LayerRange mix_layers;
  SynthesisNoise::Mode noise_mode = SynthesisNoise::Mode::constant;
  double noise_strength = 1.0;
  std::int64_t noise_seed = 0;
  std::vector<double> pca, closed;    // steps along the k-th direction, in standard deviations
  LayerRange direction_layers;
};
GeneratorSettings read_settings(const Request& request, const GeneratorTraits& traits);
// Whether a request steps along directions, known or not.
bool uses_directions(const Request& request);

}  // namespace orrery
