// The part of a denoiser's training that every recipe has: Adam, averaged weights, length.
#pragma once

#include <cstdint>

#include "engine/config/fields.h"
#include "engine/train/plan.h"

namespace orrery::diffusion {

// Defaults are a recipe's own.
struct DenoiserTrainConfig {
  std::int64_t batch = 0;
  std::int64_t micro_batch = 0;
  double lr = 0.0;
  double lr_ramp_kimg = 0.0;
  double beta1 = 0.9, beta2 = 0.999;
  double ema_kimg = 0.0;
  double ema_ramp_up = 0.0;
  double until_kimg = 0.0;
  double snapshot_kimg = 0.0;
};

template <class Visitor>
void visit_fields(Visitor& v, DenoiserTrainConfig& c) {
  v("batch", c.batch, {.help = "samples per step", .min = 1, .max = 65536});
  v("micro_batch", c.micro_batch, {.help = "at most so many at once, gradients are summed; 0: the whole batch", .min = 0, .max = 65536});
  v("lr", c.lr, {.help = "Adam's learning rate", .min = 0, .max = 1});
  v("lr_ramp_kimg", c.lr_ramp_kimg, {.help = "the learning rate grows from 0 over so many samples", .unit = "kimg", .min = 0, .max = 1e6});
  v("beta1", c.beta1, {.help = "Adam's decay of the mean gradient", .min = 0, .max = 0.999999});
  v("beta2", c.beta2, {.help = "Adam's decay of the mean squared gradient", .min = 0, .max = 0.999999});
  v("ema_kimg", c.ema_kimg, {.help = "half life of the averaged weights", .unit = "kimg", .min = 0, .max = 1e6});
  v("ema_ramp_up", c.ema_ramp_up, {.help = "half life at most this share of the samples seen; 0: no ramp", .min = 0, .max = 1});
  v("until_kimg", c.until_kimg, {.help = "length of the training", .unit = "kimg", .min = 0.001, .max = 1e9});
  v("snapshot_kimg", c.snapshot_kimg, {.help = "a snapshot is kept every so often", .unit = "kimg", .min = 0.001, .max = 1e9});
}

struct DenoiserDataConfig {
  bool mirror = false;
};

template <class Visitor>
void visit_fields(Visitor& v, DenoiserDataConfig& c) {
  v("mirror", c.mirror, {.help = "flip pictures left to right at random"});
}

// The one stage "train" of the module "net", but for its objective. clip_norm 0: gradients are never scaled down.
Stage denoiser_stage(const DenoiserTrainConfig& train, const DenoiserDataConfig& data, double clip_norm = 0.0);

}  // namespace orrery::diffusion
