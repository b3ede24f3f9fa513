#include "engine/gan/stylegan2_recipe.h"

#include <algorithm>

#include "engine/metrics/evaluate.h"

namespace orrery::gan {

double auto_r1_gamma(std::int64_t resolution_px, std::int64_t batch) {
  return 0.0002 * static_cast<double>(resolution_px * resolution_px) / static_cast<double>(batch);
}

AutoSettings auto_settings(std::int64_t resolution_px, std::int64_t devices) {
  AutoSettings s{};
  s.batch = std::max(std::min(devices * std::min<std::int64_t>(4096 / resolution_px, 32), std::int64_t{64}), devices);
  s.mbstd_group = std::min<std::int64_t>(s.batch / devices, 4);
  s.channel_base = resolution_px >= 512 ? 32768 : 16384;
  s.mapping_layers = 2;
  s.learning_rate = resolution_px >= 1024 ? 0.002 : 0.0025;
  s.r1_gamma = auto_r1_gamma(resolution_px, s.batch);
  s.ema_kimg = static_cast<double>(s.batch) * 10.0 / 32.0;
  return s;
}

std::vector<config::Preset> stylegan2_presets() {
  using config::Json;
  return {
      {"tiny", "Tiny, 32 px", "Two CPU cores: a picture worth watching within minutes.", "",
       Json::parse(
           R"({"network": {"resolution_px": 32, "z_dim": 64, "w_dim": 64, "mapping_layers": 2, "label_layers": 2, "channel_base": 1024, "channel_max": 64},
                       "train": {"batch": 16, "lr_g": 0.0025, "lr_d": 0.0025, "ema_kimg": 5, "ema_ramp_up": 0.05, "until_kimg": 200, "snapshot_kimg": 10}})")},
      {"small", "Small, 64 px", "A CPU and an evening, or any GPU.", "tiny",
       Json::parse(R"({"network": {"resolution_px": 64, "z_dim": 128, "w_dim": 128, "channel_base": 2048, "channel_max": 64},
                       "train": {"until_kimg": 1000, "snapshot_kimg": 25}})")},
      {"paper256", "256 px, published", "The published 256 px configuration: batch 64, half the channels above 64 px. A GPU.", "",
       Json::parse(R"({"network": {"resolution_px": 256, "channel_base": 16384, "mbstd_group": 8},
                       "objective": {"r1_gamma": 1},
                       "train": {"batch": 64, "lr_g": 0.0025, "lr_d": 0.0025, "ema_kimg": 20, "measure_samples": 2000}})")},
      {"paper1024", "1024 px, published", "The published 1024 px configuration (config F): batch 32. A large GPU.", "",
       Json::parse(R"({"network": {"resolution_px": 1024, "channel_base": 32768, "mbstd_group": 4},
                       "objective": {"r1_gamma": 10},
                       "train": {"batch": 32, "lr_g": 0.002, "lr_d": 0.002, "ema_kimg": 10, "measure_samples": 2000}})")},
  };
}

void resolve_stylegan2(StyleGan2Config& config, const DataShape& data) {
  auto& network = config.network;
  network.resolution_px = data.resolution_px;
  network.channels = data.channels;
  network.classes = data.classes;
  const auto side = network.resolution_px;
  if (side < 8 || side > 4096 || (side & (side - 1)) != 0) {
    config::refuse("network.resolution_px",
                   "is " + std::to_string(side) + " (the data's); these networks make pictures of 8, 16, 32 ... 4096 px a side");
  }
  if (network.channels < 1 || network.channels > 4) config::refuse("network.channels", "must be 1 to 4");
  if (network.channel_base / side < 1)
    config::refuse("network.channel_base", "gives no channel at " + std::to_string(side) + " px; it must be at least the resolution");
  try {
    metrics::parse_metrics(config.train.measure);
  } catch (const Error& error) {
    config::refuse("train.measure", "is \"" + config.train.measure + "\"; it may name fd, kd, pr and swd, with commas");
  }
  if (!config.objective.r1_gamma) {
    config.objective.r1_gamma = auto_r1_gamma(side, config.train.batch);
  }
}

std::shared_ptr<nn::StyleGan2Generator> make_stylegan2_generator(const StyleGan2NetworkConfig& config) {
  nn::MappingOptions mapping;
  mapping.z_dim = config.z_dim;
  mapping.c_dim = config.classes;
  mapping.num_layers = config.mapping_layers;
  mapping.layer_features = config.mapping_width;
  mapping.embed_features = config.embed_width;
  mapping.lr_multiplier = config.mapping_lr;
  nn::SynthesisOptions synthesis;
  synthesis.w_dim = config.w_dim;
  synthesis.resolution_px = config.resolution_px;
  synthesis.channels = config.channels;
  synthesis.channel_base = config.channel_base;
  synthesis.channel_max = config.channel_max;
  synthesis.architecture = nn::architecture_from_name(config.architecture_g);
  synthesis.conv_clamp = config.conv_clamp.value_or(-1.0);
  synthesis.use_noise = config.noise;
  return std::make_shared<nn::StyleGan2Generator>(mapping, synthesis);
}

std::shared_ptr<nn::StyleGan2Discriminator> make_stylegan2_discriminator(const StyleGan2NetworkConfig& config) {
  nn::DiscriminatorOptions options;
  options.c_dim = config.classes;
  options.resolution_px = config.resolution_px;
  options.channels = config.channels;
  options.architecture = nn::architecture_from_name(config.architecture_d);
  options.channel_base = config.channel_base;
  options.channel_max = config.channel_max;
  options.conv_clamp = config.conv_clamp.value_or(-1.0);
  options.mapping.num_layers = config.label_layers;
  options.mapping.lr_multiplier = config.mapping_lr;
  options.mbstd_group = config.mbstd_group;
  return std::make_shared<nn::StyleGan2Discriminator>(options);
}

AdversarialOptions adversarial_options(const StyleGan2ObjectiveConfig& config) {
  AdversarialOptions options;
  options.r1_gamma = config.r1_gamma.value_or(0.0);
  options.r1_interval = config.r1_interval;
  options.pl_weight = config.pl_weight;
  options.pl_interval = config.pl_interval;
  options.pl_batch_shrink = config.pl_batch_shrink;
  options.pl_decay = config.pl_decay;
  options.style_mixing = config.style_mixing;
  return options;
}

Plan stylegan2_plan(const StyleGan2Config& config, std::function<std::unique_ptr<Objective>()> make_objective) {
  const auto& train = config.train;
  const auto adam = [&](const char* module, double lr, std::int64_t lazy_interval) {
    OptimiserConfig optimiser;
    optimiser.modules = {module};
    optimiser.lr = lr;
    optimiser.beta1 = train.beta1;
    optimiser.beta2 = train.beta2;
    optimiser.lazy_interval = lazy_interval;
    return optimiser;
  };
  Stage stage;
  stage.name = "train";
  stage.make_objective = std::move(make_objective);
  stage.optimisers = {adam("g", train.lr_g, config.objective.pl_weight > 0 ? config.objective.pl_interval : 0),
                      adam("d", train.lr_d, config.objective.r1_gamma.value_or(0.0) > 0 ? config.objective.r1_interval : 0)};
  stage.ema.half_life_kimg = train.ema_kimg;
  stage.ema.ramp_up = train.ema_ramp_up;
  stage.batch = train.batch;
  stage.micro_batch = train.micro_batch;
  stage.mirror = config.data.mirror;
  stage.until = {train.until_kimg, Until::Unit::kimg};
  stage.snapshot_kimg = train.snapshot_kimg;
  stage.measure = {metrics::parse_metrics(train.measure), train.measure_every, train.measure_samples};
  return {{stage}};
}

}  // namespace orrery::gan
