// Configuration of a StyleGAN2 training, shared by the systems that train these networks (StyleGAN2 itself and its augmentation and
// consistency variants): structs, checks, networks and the one-stage plan.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/config/fields.h"
#include "engine/gan/adversarial_objective.h"
#include "engine/nn/stylegan2_discriminator.h"
#include "engine/nn/stylegan2_generator.h"
#include "engine/systems/system.h"

namespace orrery::gan {

struct StyleGan2NetworkConfig {
  std::int64_t resolution_px = 0;  // filled from the data
  std::int64_t channels = 3;       // filled from the data
  std::int64_t classes = 0;        // filled from the data
  std::int64_t z_dim = 512;
  std::int64_t w_dim = 512;
  std::int64_t mapping_layers = 8;
  std::int64_t mapping_width = 0;  // of its inner layers, 0: w_dim
  std::int64_t embed_width = 0;    // of the embedded label, 0: w_dim
  std::int64_t label_layers = 8;  // of D's label path
  double mapping_lr = 0.01;
  std::int64_t channel_base = 32768;
  std::int64_t channel_max = 512;
  std::string architecture_g = "skip";
  std::string architecture_d = "resnet";
  std::optional<double> conv_clamp = 256.0;
  bool noise = true;
  std::int64_t mbstd_group = 4;
};

struct StyleGan2ObjectiveConfig {
  std::optional<double> r1_gamma = std::nullopt;  // filled with 0.0002 resolution^2 / batch
  std::int64_t r1_interval = 16;
  double pl_weight = 2.0;
  std::int64_t pl_interval = 4;
  std::int64_t pl_batch_shrink = 2;
  double pl_decay = 0.01;
  double style_mixing = 0.9;
};

struct StyleGan2TrainConfig {
  std::int64_t batch = 32;
  std::int64_t micro_batch = 0;
  double lr_g = 0.002;
  double lr_d = 0.002;
  double beta1 = 0.0;
  double beta2 = 0.99;
  double ema_kimg = 10.0;
  double ema_ramp_up = 0.0;
  double until_kimg = 25000.0;
  double snapshot_kimg = 200.0;
  std::string measure = "fd,kd,pr,swd";
  std::int64_t measure_every = 1;
  std::int64_t measure_samples = 256;
};

struct StyleGan2DataConfig {
  bool mirror = false;
};

struct StyleGan2Config {
  StyleGan2NetworkConfig network;
  StyleGan2ObjectiveConfig objective;
  StyleGan2TrainConfig train;
  StyleGan2DataConfig data;
};

template <class Visitor>
void visit_fields(Visitor& v, StyleGan2NetworkConfig& c) {
  v("resolution_px", c.resolution_px, {.help = "side of the pictures; taken from the data", .unit = "px", .min = 0, .max = 4096});
  v("channels", c.channels, {.help = "colour channels; taken from the data", .min = 1, .max = 4});
  v("classes", c.classes, {.help = "classes of the data, 0: unconditional; taken from the data", .min = 0, .max = 100000});
  v("z_dim", c.z_dim, {.help = "length of the latent z", .min = 1, .max = 4096});
  v("w_dim", c.w_dim, {.help = "length of the style w", .min = 1, .max = 4096});
  v("mapping_layers", c.mapping_layers, {.help = "layers of the mapping network", .min = 1, .max = 32});
  v("mapping_width", c.mapping_width, {.help = "width of the mapping network's inner layers, 0: w_dim", .min = 0, .max = 4096});
  v("embed_width", c.embed_width, {.help = "width of the embedded label (class-conditional only), 0: w_dim", .min = 0, .max = 4096});
  v("label_layers", c.label_layers, {.help = "layers of D's label path (class-conditional only)", .min = 1, .max = 32});
  v("mapping_lr", c.mapping_lr, {.help = "learning rate of the mapping network relative to the rest", .min = 1e-6, .max = 1});
  v("channel_base", c.channel_base, {.help = "channels times resolution: capacity", .min = 64, .max = 1 << 20});
  v("channel_max", c.channel_max, {.help = "most channels of a layer", .min = 1, .max = 4096});
  v("architecture_g", c.architecture_g, {.help = "how G passes colour between resolutions", .choices = {"skip", "resnet", "orig"}});
  v("architecture_d", c.architecture_d, {.help = "how D passes features between resolutions", .choices = {"skip", "resnet", "orig"}});
  v("conv_clamp", c.conv_clamp, {.help = "activations are clamped to this size; null: not", .min = 1e-3, .max = 1e9});
  v("noise", c.noise, {.help = "noise inputs in every layer of G"});
  v("mbstd_group", c.mbstd_group,
    {.help = "pictures per group of D's minibatch standard deviation, 0: the whole batch", .min = 0, .max = 4096});
}

template <class Visitor>
void visit_fields(Visitor& v, StyleGan2ObjectiveConfig& c) {
  v("r1_gamma", c.r1_gamma, {.help = "weight of the R1 penalty; null: 0.0002 resolution² / batch", .min = 0, .max = 1e6});
  v("r1_interval", c.r1_interval, {.help = "steps between R1 penalties", .min = 1, .max = 1024});
  v("pl_weight", c.pl_weight, {.help = "weight of the path-length penalty, 0: none", .min = 0, .max = 1e6});
  v("pl_interval", c.pl_interval, {.help = "steps between path-length penalties", .min = 1, .max = 1024});
  v("pl_batch_shrink", c.pl_batch_shrink, {.help = "the path-length penalty runs on batch / this", .min = 1, .max = 1024});
  v("pl_decay", c.pl_decay, {.help = "weight of the newest batch in the mean path length", .min = 0, .max = 1});
  v("style_mixing", c.style_mixing, {.help = "probability of styles from two latents in one picture", .min = 0, .max = 1});
}

template <class Visitor>
void visit_fields(Visitor& v, StyleGan2TrainConfig& c) {
  v("batch", c.batch, {.help = "pictures per step", .min = 1, .max = 4096});
  v("micro_batch", c.micro_batch, {.help = "most pictures at once (gradients are summed), 0: the whole batch", .min = 0, .max = 4096});
  v("lr_g", c.lr_g, {.help = "Adam's learning rate of G", .min = 0, .max = 1});
  v("lr_d", c.lr_d, {.help = "Adam's learning rate of D", .min = 0, .max = 1});
  v("beta1", c.beta1, {.help = "Adam's decay of the mean gradient", .min = 0, .max = 0.999999});
  v("beta2", c.beta2, {.help = "Adam's decay of the squared gradient", .min = 0, .max = 0.999999});
  v("ema_kimg", c.ema_kimg, {.help = "half-life of the averaged generator that plays", .unit = "kimg", .min = 0, .max = 1e6});
  v("ema_ramp_up", c.ema_ramp_up, {.help = "the half-life is at most this part of the training so far, 0: no ramp", .min = 0, .max = 1});
  v("until_kimg", c.until_kimg, {.help = "length of the training", .unit = "kimg", .min = 0, .max = 1e9});
  v("snapshot_kimg", c.snapshot_kimg, {.help = "how often a snapshot is kept", .unit = "kimg", .min = 1e-3, .max = 1e9});
  v("measure", c.measure, {.help = "what is measured of snapshots against the data: fd, kd, pr, swd, with commas; empty: nothing"});
  v("measure_every", c.measure_every, {.help = "one of so many snapshots is measured", .min = 1, .max = 1000});
  v("measure_samples", c.measure_samples, {.help = "generated pictures a measurement looks at; its distances depend on it", .min = 5, .max = 100000});
}

template <class Visitor>
void visit_fields(Visitor& v, StyleGan2DataConfig& c) {
  v("mirror", c.mirror, {.help = "flip pictures left to right at random"});
}

template <class Visitor>
void visit_fields(Visitor& v, StyleGan2Config& c) {
  v("network", c.network);
  v("objective", c.objective);
  v("train", c.train);
  v("data", c.data);
}

// The published rule for any resolution and number of devices (StyleGAN2-ADA, configuration "auto").
struct AutoSettings {
  std::int64_t batch, mbstd_group, channel_base, mapping_layers;
  double learning_rate, r1_gamma, ema_kimg;
};
AutoSettings auto_settings(std::int64_t resolution_px, std::int64_t devices);
double auto_r1_gamma(std::int64_t resolution_px, std::int64_t batch);

// Presets tiny, small, paper256, paper1024 as patches on the defaults.
std::vector<config::Preset> stylegan2_presets();
// Fills network.{resolution_px, channels, classes} and r1_gamma. Throws Error(wrong_use) naming the JSON path.
void resolve_stylegan2(StyleGan2Config& config, const DataShape& data);

// From a resolved configuration.
std::shared_ptr<nn::StyleGan2Generator> make_stylegan2_generator(const StyleGan2NetworkConfig& config);
std::shared_ptr<nn::StyleGan2Discriminator> make_stylegan2_discriminator(const StyleGan2NetworkConfig& config);
AdversarialOptions adversarial_options(const StyleGan2ObjectiveConfig& config);
// One stage "train"; `make_objective` builds the objective of the variant.
Plan stylegan2_plan(const StyleGan2Config& config, std::function<std::unique_ptr<Objective>()> make_objective);

}  // namespace orrery::gan
