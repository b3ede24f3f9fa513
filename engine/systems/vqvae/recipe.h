// VQ-VAE's configuration, presets and plan.
#pragma once

#include <memory>
#include <vector>

#include "engine/config/fields.h"
#include "engine/systems/system.h"
#include "engine/tokens/token_network.h"
#include "engine/tokens/token_recipe.h"

namespace orrery::vqvae {

struct NetworkConfig {
  std::int64_t resolution_px = 0, channels = 3, classes = 0;
  std::int64_t width = 128;
  std::int64_t res_blocks = 2;
  std::int64_t res_width = 32;
  std::int64_t stride = 4;
};

struct CodebookConfig {
  std::int64_t codes = 512;
  std::int64_t dim = 64;
  std::string rule = "means";
  double decay = 0.99;
  double commitment = 0.25;
  double restart_below = 0.03;
  std::int64_t restart_every = 50;
};

struct TokenizerTrainConfig : tokens::TokenStageConfig {
  TokenizerTrainConfig() : TokenStageConfig{.batch = 128, .lr = 3e-4, .until_kimg = 8000.0, .snapshot_kimg = 200.0} {}
};

struct PriorTrainConfig : tokens::TokenStageConfig {
  PriorTrainConfig() : TokenStageConfig{.batch = 64, .lr = 3e-4, .lr_ramp_kimg = 10.0, .beta2 = 0.95, .clip_norm = 1.0, .ema_kimg = 20.0, .until_kimg = 16000.0, .snapshot_kimg = 200.0} {}
};

template <class Visitor>
void visit_fields(Visitor& v, TokenizerTrainConfig& c) { visit_fields(v, static_cast<tokens::TokenStageConfig&>(c)); }
template <class Visitor>
void visit_fields(Visitor& v, PriorTrainConfig& c) { visit_fields(v, static_cast<tokens::TokenStageConfig&>(c)); }

struct Config {
  NetworkConfig network;
  CodebookConfig codebook;
  TokenizerTrainConfig tokenizer;
  tokens::CausalPriorConfig prior;
  PriorTrainConfig train;
};

template <class Visitor>
void visit_fields(Visitor& v, NetworkConfig& c) {
  v("resolution_px", c.resolution_px, {.help = "side of the pictures; from the data (for the built-in sets: the size to make)", .unit = "px", .min = 0, .max = 4096});
  v("channels", c.channels, {.help = "colour channels; from the data", .min = 1, .max = 4});
  v("classes", c.classes, {.help = "classes, 0: unconditional; from the data", .min = 0, .max = 1e6});
  v("width", c.width, {.help = "channels of encoder and decoder; half as many at the finest level", .min = 2, .max = 4096});
  v("res_blocks", c.res_blocks, {.help = "residual blocks of encoder and decoder", .min = 0, .max = 64});
  v("res_width", c.res_width, {.help = "channels inside a residual block", .min = 1, .max = 4096});
  v("stride", c.stride, {.help = "side of the square of pixels that becomes one token: 2, 4, 8 or 16", .unit = "px", .min = 2, .max = 16});
}

template <class Visitor>
void visit_fields(Visitor& v, CodebookConfig& c) {
  v("codes", c.codes, {.help = "codes of the codebook", .min = 2, .max = 65536});
  v("dim", c.dim, {.help = "components of a code", .min = 1, .max = 4096});
  v("rule", c.rule, {.help = "how codes move: means (running means of what chose them) or gradient (the codebook term of the loss)", .choices = {"means", "gradient"}});
  v("decay", c.decay, {.help = "decay of the running means per step", .min = 0, .max = 0.99999});
  v("commitment", c.commitment, {.help = "weight of the commitment term, which keeps latents near their codes", .min = 0, .max = 100});
  v("restart_below", c.restart_below, {.help = "codes chosen less often than this per batch, on average, begin anew at latents of the batch; 0: never", .min = 0, .max = 1000});
  v("restart_every", c.restart_every, {.help = "unused codes are looked for every so many steps", .unit = "steps", .min = 1, .max = 1e9});
}

template <class Visitor>
void visit_fields(Visitor& v, Config& c) {
  v("network", c.network);
  v("codebook", c.codebook);
  v("tokenizer", c.tokenizer);
  v("prior", c.prior);
  v("train", c.train);
}

std::vector<config::Preset> presets();
// Fills what comes from the data. Throws Error(wrong_use) naming the JSON path.
void resolve(Config& config, const DataShape& data);
std::shared_ptr<TokenNetwork> make_network(const Config& config);
// Stages "tokenizer" and "prior".
Plan make_plan(const Config& config);

}  // namespace orrery::vqvae
