// Configuration of MaskGIT's two stages: structs, presets, checks, networks, the plan.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/systems/system.h"
#include "engine/tokens/token_network.h"
#include "engine/tokens/token_recipe.h"

namespace orrery::maskgit {

// Defaults throughout: 256 px, the published size.
struct TokenizerConfig {
  std::int64_t resolution_px = 0;  // filled from the data
  std::int64_t channels = 3;       // filled from the data
  std::int64_t width = 128;
  std::vector<std::int64_t> multipliers{1, 1, 2, 2, 4};
  std::int64_t blocks = 2;
  std::int64_t codes = 1024;
  std::int64_t code_dim = 256;
  std::string norm = "group";
  bool strided_down = false;
};

struct TokenizerLossConfig {
  double l1 = 0.0, l2 = 1.0;
  double perceptual = 0.1;
  std::string perceptual_file;
  double commitment = 0.25;
  double entropy = 0.1, entropy_temperature = 0.01;
  double adversarial = 0.1;
  bool adaptive_weight = true;
  std::string adversarial_loss = "non_saturating";
  std::string discriminator = "residual";
  std::int64_t discriminator_width = 64;
  double start_kimg = 5000.0;
  double r1 = 10.0;
  std::int64_t r1_interval = 16;
};

struct PriorConfig {
  std::int64_t classes = 0;  // filled from the data
  std::int64_t width = 768, layers = 24, heads = 16, mlp_width = 3072;
  double dropout = 0.1;
};

struct PriorLossConfig {
  std::string schedule = "cosine";
  double least_masked = 0.5;
  double label_smoothing = 0.1;
  double drop_classes = 0.1;
};

tokens::TokenStageConfig tokenizer_training();
tokens::TokenStageConfig prior_training();

struct Config {
  TokenizerConfig tokenizer;
  TokenizerLossConfig tokenizer_loss;
  tokens::TokenStageConfig tokenizer_train = tokenizer_training();
  PriorConfig prior;
  PriorLossConfig prior_loss;
  tokens::TokenStageConfig prior_train = prior_training();
};

template <class Visitor>
void visit_fields(Visitor& v, TokenizerConfig& c) {
  v("resolution_px", c.resolution_px, {.help = "side of the pictures; from the data (for the built-in sets: the size to make)", .unit = "px", .min = 0, .max = 4096});
  v("channels", c.channels, {.help = "colour channels; from the data", .min = 1, .max = 4});
  v("width", c.width, {.help = "channels of the first level, a multiple of 32 with group normalisation", .min = 4, .max = 1024});
  v("multipliers", c.multipliers, {.help = "channels of each level as multiples of the width; each level has half the resolution of the one before, the last that of the tokens"});
  v("blocks", c.blocks, {.help = "residual blocks per level", .min = 1, .max = 16});
  v("codes", c.codes, {.help = "size of the codebook", .min = 2, .max = 65536});
  v("code_dim", c.code_dim, {.help = "components of a code", .min = 1, .max = 2048});
  v("norm", c.norm, {.help = "normalisation: over groups of channels, or over the channels of each pixel", .choices = {"group", "layer"}});
  v("strided_down", c.strided_down, {.help = "strided convolutions instead of average pooling on the way down"});
}

template <class Visitor>
void visit_fields(Visitor& v, TokenizerLossConfig& c) {
  v("l1", c.l1, {.help = "weight of the absolute error", .min = 0, .max = 1000});
  v("l2", c.l2, {.help = "weight of the squared error", .min = 0, .max = 1000});
  v("perceptual", c.perceptual, {.help = "weight of the perceptual distance (VGG16, shift-tolerant; fetched once, 58 MB); 0: none", .min = 0, .max = 1000});
  v("perceptual_file", c.perceptual_file, {.help = "weights of the usual LPIPS with VGG16 from a file of your own instead; empty: the fetched ones"});
  v("commitment", c.commitment, {.help = "weight of the commitment term", .min = 0, .max = 1000});
  v("entropy", c.entropy, {.help = "weight of the entropy term, which makes the codebook used", .min = 0, .max = 1000});
  v("entropy_temperature", c.entropy_temperature, {.help = "temperature of the soft assignment in the entropy term", .min = 0.0001, .max = 100});
  v("adversarial", c.adversarial, {.help = "weight of the adversarial term; 0: no discriminator", .min = 0, .max = 1000});
  v("adaptive_weight", c.adaptive_weight, {.help = "scale the adversarial term to the gradient of the others (Esser et al. 2021, equation 7)"});
  v("adversarial_loss", c.adversarial_loss, {.help = "adversarial loss", .choices = {"non_saturating", "hinge"}});
  v("discriminator", c.discriminator, {.help = "StyleGAN's residual discriminator with blur pooling, or PatchGAN with batch normalisation", .choices = {"residual", "patch"}});
  v("discriminator_width", c.discriminator_width, {.help = "channels of its first level", .min = 4, .max = 512});
  v("start_kimg", c.start_kimg, {.help = "the adversarial term begins after so many pictures", .unit = "kimg", .min = 0, .max = 1e9});
  v("r1", c.r1, {.help = "cost of the discriminator's squared gradient on real pictures (residual); 0: none", .min = 0, .max = 1e6});
  v("r1_interval", c.r1_interval, {.help = "that cost is taken every so many steps", .min = 1, .max = 1024});
}

template <class Visitor>
void visit_fields(Visitor& v, PriorConfig& c) {
  v("classes", c.classes, {.help = "number of classes, 0: none; from the data", .min = 0, .max = 1e6});
  v("width", c.width, {.help = "channels of the transformer", .min = 8, .max = 8192});
  v("layers", c.layers, {.help = "blocks of the transformer", .min = 1, .max = 96});
  v("heads", c.heads, {.help = "attention heads; the width is a multiple of them", .min = 1, .max = 128});
  v("mlp_width", c.mlp_width, {.help = "channels inside of a block's MLP", .min = 8, .max = 32768});
  v("dropout", c.dropout, {.help = "probability that a feature is dropped in training", .min = 0, .max = 0.9});
}

template <class Visitor>
void visit_fields(Visitor& v, PriorLossConfig& c) {
  v("schedule", c.schedule, {.help = "how many tokens are masked in training: this schedule at a uniformly random ratio", .choices = {"cosine", "linear", "pow2", "pow3", "pow0.5", "log", "exp", "arccos"}});
  v("least_masked", c.least_masked, {.help = "part of the tokens that is masked at least", .min = 0, .max = 1});
  v("label_smoothing", c.label_smoothing, {.help = "part of each target that is spread over all codes", .min = 0, .max = 0.99});
  v("drop_classes", c.drop_classes, {.help = "probability that a picture's class is left out in training, which makes guidance possible", .min = 0, .max = 1});
}

template <class Visitor>
void visit_fields(Visitor& v, Config& c) {
  v("tokenizer", c.tokenizer);
  v("tokenizer_loss", c.tokenizer_loss);
  v("tokenizer_train", c.tokenizer_train);
  v("prior", c.prior);
  v("prior_loss", c.prior_loss);
  v("prior_train", c.prior_train);
}

// tiny, emoji64, default.
std::vector<config::Preset> presets();
// Fills what comes from the data and checks the whole. Throws Error(wrong_use) naming the JSON path.
void resolve(Config& config, const DataShape& data);
// From a resolved configuration.
std::shared_ptr<TokenNetwork> make_network(const Config& config);
// Stages "tokenizer" and "prior".
Plan make_plan(const Config& config);

}  // namespace orrery::maskgit
