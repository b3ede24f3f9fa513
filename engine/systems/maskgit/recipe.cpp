#include "engine/systems/maskgit/recipe.h"

#include "engine/nn/bert_transformer.h"
#include "engine/tokens/masked_objective.h"
#include "engine/tokens/vqgan_objective.h"
#include "engine/tokens/vqgan_tokenizer.h"

namespace orrery::maskgit {
namespace {

std::int64_t factor_of(const TokenizerConfig& c) { return std::int64_t{1} << (c.multipliers.size() - 1); }

void check(const Config& config) {
  const auto& t = config.tokenizer;
  if (t.multipliers.empty() || t.multipliers.size() > 8) config::refuse("tokenizer.multipliers", "needs one number for each of 1 to 8 levels");
  for (const auto multiplier : t.multipliers) {
    if (multiplier < 1 || multiplier > 64) config::refuse("tokenizer.multipliers", "must be whole numbers from 1 to 64");
    if (t.norm == "group" && (t.width * multiplier) % 32 != 0) config::refuse("tokenizer.width", "must be a multiple of 32 with group normalisation");
  }
  const std::int64_t factor = factor_of(t);
  if (t.resolution_px < factor || t.resolution_px % factor != 0)
    config::refuse("tokenizer.multipliers", "has " + std::to_string(t.multipliers.size()) + " levels, so the side of the pictures must be a multiple of " + std::to_string(factor) + "; it is " +
                                                std::to_string(t.resolution_px) + " (the data's)");
  if (config.prior.width % config.prior.heads != 0) config::refuse("prior.heads", "must divide the width " + std::to_string(config.prior.width));
  const auto& loss = config.tokenizer_loss;
  const bool power_of_two = (t.resolution_px & (t.resolution_px - 1)) == 0;
  if (loss.adversarial > 0.0 && loss.discriminator == "residual" && (!power_of_two || t.resolution_px < 8))
    config::refuse("tokenizer_loss.discriminator", "is residual, which wants pictures of 8, 16, 32, ... pixels; choose patch");
  if (loss.adversarial > 0.0 && loss.discriminator == "patch" && t.resolution_px < 16) config::refuse("tokenizer_loss.discriminator", "is patch, which wants pictures of 16 pixels or more");
}

tokens::VqganTraining training_of(const TokenizerLossConfig& c, std::int64_t resolution_px) {
  tokens::VqganTraining o;
  o.l1 = c.l1;
  o.l2 = c.l2;
  o.perceptual = c.perceptual;
  o.perceptual_file = c.perceptual_file;
  o.commitment = c.commitment;
  o.entropy = c.entropy;
  o.entropy_temperature = c.entropy_temperature;
  o.adversarial = c.adversarial;
  o.adaptive = c.adaptive_weight;
  o.residual = c.discriminator == "residual";
  o.discriminator_width = c.discriminator_width;
  o.discriminator_layers = resolution_px >= 128 ? 3 : 2;
  o.loss = c.adversarial_loss == "hinge" ? gan::AdversarialLoss::hinge : gan::AdversarialLoss::non_saturating;
  o.start_pictures = c.start_kimg * 1000.0;
  o.r1 = o.residual ? c.r1 : 0.0;
  o.r1_interval = c.r1_interval;
  return o;
}

}  // namespace

tokens::TokenStageConfig tokenizer_training() {
  tokens::TokenStageConfig c;
  c.batch = 256;
  c.lr = 1e-4;
  c.beta1 = 0.0;
  c.beta2 = 0.99;
  c.until_kimg = 250000.0;
  c.snapshot_kimg = 2500.0;
  c.mirror = true;
  return c;
}

tokens::TokenStageConfig prior_training() {
  tokens::TokenStageConfig c;
  c.batch = 256;
  c.lr = 1e-4;
  c.beta2 = 0.96;
  c.ema_kimg = 500.0;
  c.until_kimg = 380000.0;
  c.snapshot_kimg = 2500.0;
  c.mirror = true;
  return c;
}

std::vector<config::Preset> presets() {
  using config::Json;
  return {
      {"tiny", "Tiny, 32 px", "Two CPU cores: 8 x 8 tokens, recognisable pictures within an hour or two. No perceptual distance, so nothing is fetched.", "",
       Json::parse(R"({"tokenizer": {"resolution_px": 32, "width": 32, "multipliers": [1, 1, 2], "blocks": 1, "codes": 256, "code_dim": 32},
                       "tokenizer_loss": {"l1": 1, "l2": 0, "perceptual": 0, "discriminator": "patch", "discriminator_width": 16, "adversarial_loss": "hinge", "start_kimg": 4},
                       "tokenizer_train": {"batch": 16, "lr": 0.001, "beta1": 0.5, "until_kimg": 8, "snapshot_kimg": 2, "mirror": false},
                       "prior": {"width": 128, "layers": 4, "heads": 4, "mlp_width": 512, "dropout": 0},
                       "prior_loss": {"least_masked": 0},
                       "prior_train": {"batch": 32, "lr": 0.001, "beta2": 0.99, "ema_kimg": 20, "until_kimg": 400, "snapshot_kimg": 10, "mirror": false}})")},
      {"emoji64", "Small, 64 px", "8 x 8 tokens, at most 10 MB: a GPU for an hour, or two CPU cores for some days.", "tiny",
       Json::parse(R"({"tokenizer": {"resolution_px": 64, "multipliers": [1, 2, 2, 2], "codes": 512},
                       "tokenizer_loss": {"perceptual": 1, "discriminator_width": 32, "start_kimg": 100},
                       "tokenizer_train": {"batch": 32, "lr": 0.0005, "until_kimg": 600, "snapshot_kimg": 10},
                       "prior": {"width": 160, "layers": 5, "heads": 5, "mlp_width": 640, "dropout": 0.1},
                       "prior_train": {"batch": 64, "until_kimg": 4000, "snapshot_kimg": 50}})")},
      {"default", "256 px, published", "The published size: 16 x 16 tokens of 1,024 codes, a transformer of 24 layers. Several GPUs and days.", "", Json::parse(R"({"tokenizer": {"resolution_px": 256}})")},
  };
}

void resolve(Config& config, const DataShape& data) {
  if (data.point_dim > 0) throw Error(ErrorCode::wrong_use, "MaskGIT makes pictures, and these data are points.", "Nothing was started.", "Choose a system for points, or pictures.");
  config.tokenizer.resolution_px = data.resolution_px;
  config.tokenizer.channels = data.channels;
  config.prior.classes = data.classes;
  check(config);
}

std::shared_ptr<TokenNetwork> make_network(const Config& config) {
  check(config);
  const auto& t = config.tokenizer;
  tokens::VqganTokenizerOptions tokenizer;
  tokenizer.codes = t.codes;
  tokenizer.dim = t.code_dim;
  auto& n = tokenizer.networks;
  n.channels = t.channels;
  n.latent_channels = t.code_dim;
  n.width = t.width;
  n.multipliers = t.multipliers;
  n.blocks = t.blocks;
  n.resolution_px = t.resolution_px;
  n.layer_norm = t.norm == "layer";
  n.strided_down = t.strided_down;
  nn::BertOptions prior;
  prior.codes = t.codes;
  prior.classes = config.prior.classes;
  prior.rows = prior.cols = t.resolution_px / factor_of(t);
  prior.width = config.prior.width;
  prior.layers = config.prior.layers;
  prior.heads = config.prior.heads;
  prior.mlp_width = config.prior.mlp_width;
  prior.dropout = config.prior.dropout;
  prior.unconditional = config.prior_loss.drop_classes > 0.0;
  return std::make_shared<TokenNetwork>(std::make_shared<tokens::VqganTokenizer>(tokenizer), std::make_shared<nn::BertTransformer>(prior), prior.rows, prior.cols);
}

Plan make_plan(const Config& config) {
  check(config);
  const auto network = [config] { return make_network(config); };
  Stage first = tokens::token_stage("tokenizer", config.tokenizer_train);
  const tokens::VqganTraining training = training_of(config.tokenizer_loss, config.tokenizer.resolution_px);
  first.make_objective = [network, training]() -> std::unique_ptr<Objective> { return std::make_unique<tokens::VqganObjective>(network, training); };
  if (training.adversarial > 0.0) {
    OptimiserConfig d = first.optimisers.front();
    d.modules = {"d"};
    d.lazy_interval = training.r1 > 0.0 ? training.r1_interval : 0;
    first.optimisers.push_back(d);
  }
  Stage second = tokens::token_stage("prior", config.prior_train);
  tokens::MaskedTraining masked;
  masked.schedule = tokens::MaskSchedule::named(config.prior_loss.schedule);
  masked.least_masked = config.prior_loss.least_masked;
  masked.smoothing = config.prior_loss.label_smoothing;
  masked.drop_classes = config.prior_loss.drop_classes;
  second.make_objective = [network, masked]() -> std::unique_ptr<Objective> { return std::make_unique<tokens::MaskedObjective>(network, masked); };
  return {{first, second}};
}

}  // namespace orrery::maskgit
