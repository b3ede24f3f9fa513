#include "engine/diffusion/ddpm_recipe.h"

#include "engine/diffusion/beta_schedule.h"
#include "engine/nn/ddpm_unet.h"
#include "engine/nn/noise_mlp.h"

namespace orrery::diffusion {
namespace {

using config::Json;

void check_network(const DdpmNetworkConfig& c) {
  if (c.arch == "mlp") return;
  if (c.point_dim > 0) config::refuse("network.arch", "is " + c.arch + ", which is for pictures; for points choose mlp");
  if (c.multipliers.empty() || c.multipliers.size() > 8) config::refuse("network.multipliers", "needs one number for each of 1 to 8 levels");
  for (const auto multiplier : c.multipliers)
    if (multiplier < 1 || multiplier > 64) config::refuse("network.multipliers", "must be whole numbers from 1 to 64");
  const std::int64_t smallest = std::int64_t{1} << (c.multipliers.size() - 1);
  if (c.resolution_px < smallest || c.resolution_px % smallest != 0)
    config::refuse("network.multipliers", "has " + std::to_string(c.multipliers.size()) + " levels, so the side of the pictures must be a multiple of " + std::to_string(smallest) + "; it is " +
                                              std::to_string(c.resolution_px) + " (the data's)");
  if (c.width % c.norm_groups != 0) config::refuse("network.width", "must be a multiple of network.norm_groups (" + std::to_string(c.norm_groups) + ")");
}

std::shared_ptr<nn::RawNetwork> make_network(const DdpmNetworkConfig& c, const DenoiserShape& shape) {
  if (c.arch == "mlp") {
    nn::NoiseMlpOptions o;
    o.values = 1;
    for (const auto size : shape.sample) o.values *= size;
    o.outputs = o.values;
    o.width = c.width;
    o.layers = c.blocks;
    return std::make_shared<nn::NoiseMlp>(o);
  }
  nn::DdpmUnetOptions o;
  o.resolution_px = c.resolution_px;
  o.in_channels = o.out_channels = c.channels;
  o.channels = c.width;
  o.channel_mult = c.multipliers;
  o.num_blocks = c.blocks;
  o.attn_resolutions = c.attention_px;
  o.dropout = c.dropout;
  o.norm_groups = c.norm_groups;
  o.resample_with_conv = c.resample_with_conv;
  return std::make_shared<nn::DdpmUnet>(o);
}

DiscreteLoss loss_named(const std::string& name) { return name == "bound" ? DiscreteLoss::bound : name == "sum" ? DiscreteLoss::simple_sum : DiscreteLoss::simple_mean; }

}  // namespace

std::vector<config::Preset> ddpm_presets() {
  return {
      {"tiny", "Tiny, 32 px", "Two CPU cores: recognisable pictures within an hour or two.", "",
       Json::parse(R"({"network": {"resolution_px": 32, "width": 32, "multipliers": [1, 2, 2], "blocks": 1, "attention_px": [8], "dropout": 0, "norm_groups": 8},
                       "train": {"batch": 16, "lr": 0.001, "lr_ramp_kimg": 0, "ema_kimg": 20, "ema_ramp_up": 0.05, "until_kimg": 300, "snapshot_kimg": 10}})")},
      {"small", "Small, 64 px", "A CPU and some days, or any GPU.", "tiny",
       Json::parse(R"({"network": {"resolution_px": 64, "width": 64, "multipliers": [1, 2, 2, 2], "blocks": 2, "attention_px": [16, 8], "norm_groups": 32},
                       "train": {"batch": 32, "lr": 0.0004, "ema_kimg": 50, "until_kimg": 5000, "snapshot_kimg": 50}})")},
      {"cifar10", "32 px, published", "The published CIFAR-10 configuration: batch 128, 102 million pictures. A GPU and days.", "",
       Json::parse(R"({"network": {"resolution_px": 32}, "data": {"mirror": true}})")},
      {"toy", "Points in the plane", "A minute on any CPU, on the built-in sets of points.", "",
       Json::parse(R"({"network": {"arch": "mlp", "width": 128, "blocks": 4, "dropout": 0},
                       "train": {"batch": 512, "lr": 0.001, "lr_ramp_kimg": 0, "ema_kimg": 100, "ema_ramp_up": 0.05, "until_kimg": 2000, "snapshot_kimg": 100}})"), true},
  };
}

void resolve_ddpm(DdpmConfig& config, const DataShape& data) {
  auto& network = config.network;
  network.resolution_px = data.resolution_px;
  network.channels = data.channels;
  network.point_dim = data.point_dim;
  check_network(network);
  ddpm_betas(config.process);
}

std::vector<double> ddpm_betas(const DdpmProcessConfig& c) {
  if (!(c.beta_end >= c.beta_start)) config::refuse("process.beta_end", "must be at least process.beta_start");
  return make_betas(beta_law_from_name(c.schedule), c.steps, c.beta_start, c.beta_end);
}

FixedVariance ddpm_variance(const DdpmProcessConfig& c) { return c.variance == "small" ? FixedVariance::small : FixedVariance::large; }

std::shared_ptr<DiscreteDenoiser> make_ddpm_denoiser(const DdpmConfig& config) {
  check_network(config.network);
  const auto& n = config.network;
  DenoiserShape shape;
  shape.sample = n.point_dim > 0 ? std::vector<std::int64_t>{n.point_dim} : std::vector<std::int64_t>{n.channels, n.resolution_px, n.resolution_px};
  return std::make_shared<DiscreteDenoiser>(make_network(n, shape), cumulative_alphas(ddpm_betas(config.process)), shape);
}

Plan ddpm_plan(const DdpmConfig& config) {
  check_network(config.network);
  Stage stage = denoiser_stage(config.train, config.data, config.train.clip_norm);
  stage.make_objective = [config]() -> std::unique_ptr<Objective> {
    DiscreteObjectiveOptions options;
    options.loss = loss_named(config.objective.loss);
    options.variance = ddpm_variance(config.process);
    options.antithetic = config.objective.antithetic;
    return std::make_unique<DiscreteObjective>([config] { return make_ddpm_denoiser(config); }, DiscreteSchedule(ddpm_betas(config.process)), options);
  };
  return {{stage}};
}

}  // namespace orrery::diffusion
