#include "engine/systems/vqvae/recipe.h"

#include "engine/tokens/causal_objective.h"
#include "engine/tokens/causal_prior.h"
#include "engine/tokens/tokenizer_objective.h"
#include "engine/tokens/vqvae_autoencoder.h"

namespace orrery::vqvae {
namespace {

using config::Json;

void check(const Config& c) {
  const auto& n = c.network;
  if ((n.stride & (n.stride - 1)) != 0) config::refuse("network.stride", "must be 2, 4, 8 or 16");
  if (n.width % 2 != 0) config::refuse("network.width", "must be even: the finest level has half as many channels");
  if (n.resolution_px < n.stride || n.resolution_px % n.stride != 0)
    config::refuse("network.stride", "is " + std::to_string(n.stride) + ", so the side of the pictures must be a multiple of it; it is " + std::to_string(n.resolution_px) + " (the data's)");
  if (c.prior.width % c.prior.heads != 0) config::refuse("prior.width", "must be a multiple of prior.heads (" + std::to_string(c.prior.heads) + ")");
}

tokens::VqVaeOptions tokenizer_options(const Config& c) {
  tokens::VqVaeOptions o;
  o.channels = c.network.channels;
  o.resolution_px = c.network.resolution_px;
  o.conv = {c.network.width, c.network.res_blocks, c.network.res_width, c.network.stride};
  o.dim = c.codebook.dim;
  o.codes = c.codebook.codes;
  o.rule = c.codebook.rule == "gradient" ? tokens::CodebookRule::gradient : tokens::CodebookRule::running_means;
  o.decay = c.codebook.decay;
  return o;
}

}  // namespace

std::vector<config::Preset> presets() {
  return {
      {"tiny", "Tiny, 32 px", "Two CPU cores: recognisable reconstructions within minutes, first pictures of its own after ten.", "",
       Json::parse(R"({"network": {"resolution_px": 32, "width": 64, "res_blocks": 2, "res_width": 32},
                       "codebook": {"codes": 256, "dim": 32},
                       "tokenizer": {"batch": 32, "lr": 0.001, "until_kimg": 20, "snapshot_kimg": 5},
                       "prior": {"layers": 4, "heads": 4, "width": 128, "dropout": 0.1},
                       "train": {"batch": 32, "lr": 0.001, "lr_ramp_kimg": 0, "ema_kimg": 5, "until_kimg": 400, "snapshot_kimg": 10}})")},
      {"small", "Small, 64 px", "A CPU and a day, or any GPU.", "tiny",
       Json::parse(R"({"network": {"resolution_px": 64, "width": 128},
                       "codebook": {"codes": 512, "dim": 64},
                       "tokenizer": {"batch": 64, "lr": 0.0005, "until_kimg": 1000, "snapshot_kimg": 50},
                       "prior": {"layers": 8, "heads": 8, "width": 256},
                       "train": {"batch": 32, "lr": 0.0005, "lr_ramp_kimg": 10, "until_kimg": 4000, "snapshot_kimg": 50}})")},
      {"default", "The data's size", "Codebook and convolutions as published, with a transformer for a prior. A GPU and days.", "", Json::object()},
  };
}

void resolve(Config& config, const DataShape& data) {
  if (data.point_dim > 0) config::refuse("network", "is for pictures; these data are points");
  config.network.resolution_px = data.resolution_px;
  config.network.channels = data.channels;
  config.network.classes = data.classes;
  check(config);
}

std::shared_ptr<TokenNetwork> make_network(const Config& config) {
  check(config);
  tokens::CausalPriorOptions prior;
  prior.shape.codes = config.codebook.codes;
  prior.shape.rows = prior.shape.cols = config.network.resolution_px / config.network.stride;
  prior.shape.classes = config.network.classes;
  prior.shape.causal = true;
  prior.shape.unconditional = config.network.classes > 0 && config.prior.drop_classes > 0.0;
  prior.layers = config.prior.layers;
  prior.heads = config.prior.heads;
  prior.width = config.prior.width;
  prior.dropout = config.prior.dropout;
  return std::make_shared<TokenNetwork>(std::make_shared<tokens::VqVaeAutoencoder>(tokenizer_options(config)), std::make_shared<tokens::CausalPrior>(prior), prior.shape.rows, prior.shape.cols);
}

Plan make_plan(const Config& config) {
  check(config);
  const auto make = [config] { return make_network(config); };
  Stage tokenizer = tokens::token_stage("tokenizer", config.tokenizer), prior = tokens::token_stage("prior", config.train);
  tokenizer.make_objective = [config, make]() -> std::unique_ptr<Objective> {
    tokens::TokenizerOptions options;
    options.commitment = config.codebook.commitment;
    options.restart_below = config.codebook.restart_below;
    options.restart_every = config.codebook.restart_every;
    return std::make_unique<tokens::TokenizerObjective>(make, options);
  };
  prior.make_objective = [config, make]() -> std::unique_ptr<Objective> { return std::make_unique<tokens::CausalObjective>(make, config.prior.drop_classes); };
  return {{tokenizer, prior}};
}

}  // namespace orrery::vqvae
