// Configuration of a training of DDPM's noise predictors, shared by the systems that train these networks: structs, checks, networks, the
// one-stage plan. Source: Ho et al. 2020 (DDPM), section 4 and appendix B.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/config/fields.h"
#include "engine/diffusion/denoiser_training.h"
#include "engine/diffusion/discrete_objective.h"
#include "engine/systems/system.h"

namespace orrery::diffusion {

struct DdpmNetworkConfig {
  std::string arch = "unet";
  std::int64_t resolution_px = 0;  // filled from the data
  std::int64_t channels = 3;       // filled from the data
  std::int64_t point_dim = 0;      // filled from the data
  std::int64_t width = 128;
  std::vector<std::int64_t> multipliers{1, 2, 2, 2};
  std::int64_t blocks = 2;
  std::vector<std::int64_t> attention_px{16};
  double dropout = 0.1;
  std::int64_t norm_groups = 32;
  bool resample_with_conv = true;
};

struct DdpmProcessConfig {
  std::string schedule = "linear";
  std::int64_t steps = 1000;
  double beta_start = 1e-4, beta_end = 0.02;
  std::string variance = "large";
};

struct DdpmObjectiveConfig {
  std::string loss = "simple";
  bool antithetic = true;
};

struct DdpmTrainConfig : DenoiserTrainConfig {
  DdpmTrainConfig() : DenoiserTrainConfig{.batch = 128, .lr = 2e-4, .lr_ramp_kimg = 640.0, .ema_kimg = 887.0, .until_kimg = 102400.0, .snapshot_kimg = 1000.0} {}
  double clip_norm = 1.0;
};

struct DdpmConfig {
  DdpmNetworkConfig network;
  DdpmProcessConfig process;
  DdpmObjectiveConfig objective;
  DdpmTrainConfig train;
  DenoiserDataConfig data;
};

template <class Visitor>
void visit_fields(Visitor& v, DdpmNetworkConfig& c) {
  v("arch", c.arch, {.help = "kind of network: unet (pictures), mlp (points)", .choices = {"unet", "mlp"}});
  v("resolution_px", c.resolution_px, {.help = "side of the pictures; from the data (for the built-in sets: the size to make)", .unit = "px", .min = 0, .max = 4096});
  v("channels", c.channels, {.help = "colour channels; from the data", .min = 1, .max = 4});
  v("point_dim", c.point_dim, {.help = "coordinates of a point where the data are points, 0: pictures; from the data", .min = 0, .max = 1024});
  v("width", c.width, {.help = "channels of the first level (mlp: of its layers)", .min = 4, .max = 4096});
  v("multipliers", c.multipliers, {.help = "channels of each level as multiples of the width; each level has half the resolution of the one before"});
  v("blocks", c.blocks, {.help = "residual blocks per level (mlp: layers)", .min = 1, .max = 32});
  v("attention_px", c.attention_px, {.help = "resolutions with self-attention"});
  v("dropout", c.dropout, {.help = "probability that a feature is dropped in training", .min = 0, .max = 0.9});
  v("norm_groups", c.norm_groups, {.help = "groups of channels that are normalised together; with as many as channels a level cannot see the timestep", .min = 1, .max = 256});
  v("resample_with_conv", c.resample_with_conv, {.help = "convolutions where the resolution changes; else means and nearest neighbours"});
}

template <class Visitor>
void visit_fields(Visitor& v, DdpmProcessConfig& c) {
  v("schedule", c.schedule, {.help = "how the noise of each step (beta) grows", .choices = {"linear", "quad", "const", "jsd", "sigmoid", "cosine", "warmup10", "warmup50"}});
  v("steps", c.steps, {.help = "timesteps from picture to noise", .min = 2, .max = 10000});
  v("beta_start", c.beta_start, {.help = "beta of the first step", .min = 1e-8, .max = 0.999});
  v("beta_end", c.beta_end, {.help = "beta of the last step", .min = 1e-8, .max = 0.999});
  v("variance", c.variance, {.help = "variance of a sampling step: small (the posterior's) or large (beta)", .choices = {"large", "small"}});
}

template <class Visitor>
void visit_fields(Visitor& v, DdpmObjectiveConfig& c) {
  v("loss", c.loss, {.help = "simple: mean squared error of the noise; sum: the sum over a sample; bound: the variational bound itself", .choices = {"simple", "sum", "bound"}});
  v("antithetic", c.antithetic, {.help = "half of a batch's timesteps mirror the other half, which evens the loss out"});
}

template <class Visitor>
void visit_fields(Visitor& v, DdpmTrainConfig& c) {
  visit_fields(v, static_cast<DenoiserTrainConfig&>(c));
  v("clip_norm", c.clip_norm, {.help = "gradients are scaled down to this total norm; 0: never", .min = 0, .max = 1e6});
}

template <class Visitor>
void visit_fields(Visitor& v, DdpmConfig& c) {
  v("network", c.network);
  v("process", c.process);
  v("objective", c.objective);
  v("train", c.train);
  v("data", c.data);
}

// tiny, small, cifar10, toy: patches on the defaults (which are those of the published CIFAR-10 configuration).
std::vector<config::Preset> ddpm_presets();
// Fills what comes from the data. Throws Error(wrong_use) naming the JSON path.
void resolve_ddpm(DdpmConfig& config, const DataShape& data);
// From a resolved configuration.
std::vector<double> ddpm_betas(const DdpmProcessConfig& config);
FixedVariance ddpm_variance(const DdpmProcessConfig& config);
std::shared_ptr<DiscreteDenoiser> make_ddpm_denoiser(const DdpmConfig& config);
// One stage "train".
Plan ddpm_plan(const DdpmConfig& config);

}  // namespace orrery::diffusion
