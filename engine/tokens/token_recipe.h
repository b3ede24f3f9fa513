// Configuration that systems of tokens share: the causal prior and how a stage of two is trained.
#pragma once

#include <cstdint>
#include <string>

#include "engine/config/fields.h"
#include "engine/train/plan.h"

namespace orrery::tokens {

struct CausalPriorConfig {
  std::int64_t layers = 8;
  std::int64_t heads = 8;
  std::int64_t width = 512;
  double dropout = 0.1;
  double drop_classes = 0.1;
};

template <class Visitor>
void visit_fields(Visitor& v, CausalPriorConfig& c) {
  v("layers", c.layers, {.help = "blocks of the transformer", .min = 1, .max = 96});
  v("heads", c.heads, {.help = "attention heads; the width is a multiple of them", .min = 1, .max = 128});
  v("width", c.width, {.help = "channels of the transformer", .min = 8, .max = 8192});
  v("dropout", c.dropout, {.help = "probability that a feature is dropped in training", .min = 0, .max = 0.9});
  v("drop_classes", c.drop_classes, {.help = "probability that a picture's class is left out in training, which makes guidance possible", .min = 0, .max = 1});
}

// Defaults are a recipe's own.
struct TokenStageConfig {
  std::int64_t batch = 64;
  std::int64_t micro_batch = 0;
  double lr = 3e-4;
  double lr_ramp_kimg = 0.0;
  double beta1 = 0.9, beta2 = 0.999;
  double clip_norm = 0.0;
  double ema_kimg = 0.0;
  double until_kimg = 1000.0;
  double snapshot_kimg = 50.0;
  bool mirror = false;
};

template <class Visitor>
void visit_fields(Visitor& v, TokenStageConfig& c) {
  v("batch", c.batch, {.help = "pictures per step", .min = 1, .max = 65536});
  v("micro_batch", c.micro_batch, {.help = "at most so many at once, gradients are summed; 0: the whole batch", .min = 0, .max = 65536});
  v("lr", c.lr, {.help = "Adam's learning rate", .min = 0, .max = 1});
  v("lr_ramp_kimg", c.lr_ramp_kimg, {.help = "the learning rate grows from 0 over so many pictures", .unit = "kimg", .min = 0, .max = 1e6});
  v("beta1", c.beta1, {.help = "Adam's decay of the mean gradient", .min = 0, .max = 0.999999});
  v("beta2", c.beta2, {.help = "Adam's decay of the mean squared gradient", .min = 0, .max = 0.999999});
  v("clip_norm", c.clip_norm, {.help = "gradients are scaled down to this total norm; 0: never", .min = 0, .max = 1e6});
  v("ema_kimg", c.ema_kimg, {.help = "half life of the averaged weights; 0: the weights themselves are published", .unit = "kimg", .min = 0, .max = 1e6});
  v("until_kimg", c.until_kimg, {.help = "length of this stage", .unit = "kimg", .min = 0.001, .max = 1e9});
  v("snapshot_kimg", c.snapshot_kimg, {.help = "a snapshot is kept every so often", .unit = "kimg", .min = 0.001, .max = 1e9});
  v("mirror", c.mirror, {.help = "flip pictures left to right at random"});
}

// A stage of the one module "net" (a TokenNetwork), but for its objective.
Stage token_stage(const std::string& name, const TokenStageConfig& config);

}  // namespace orrery::tokens
