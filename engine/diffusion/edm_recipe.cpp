#include "engine/diffusion/edm_recipe.h"

#include <algorithm>

#include "engine/nn/diffusion_unet.h"
#include "engine/nn/noise_mlp.h"

namespace orrery::diffusion {
namespace {

using config::Json;

std::shared_ptr<nn::RawNetwork> make_mlp(const EdmNetworkConfig& c, const DenoiserShape& shape, bool wide) {
  nn::NoiseMlpOptions o;
  o.values = 1;
  for (const auto size : shape.sample) o.values *= size;
  o.outputs = o.values * (wide ? 2 : 1);
  o.label_dim = shape.classes;
  o.width = c.width;
  o.layers = c.blocks;
  return std::make_shared<nn::NoiseMlp>(o);
}

template <class Options>
Options unet_options(const EdmNetworkConfig& c, const DenoiserShape& shape, bool wide) {
  Options o;
  o.resolution_px = c.resolution_px;
  o.in_channels = c.channels;
  o.out_channels = c.channels * (wide ? 2 : 1);
  o.label_dim = shape.classes;
  o.augment_dim = shape.augment_dim;
  o.model_channels = c.width;
  o.channel_mult = c.multipliers;
  o.num_blocks = c.blocks;
  o.attn_resolutions = c.attention_px;
  o.dropout = c.dropout;
  return o;
}

std::shared_ptr<nn::RawNetwork> make_network(const EdmNetworkConfig& c, const DenoiserShape& shape) {
  const bool wide = c.preconditioning == "iddpm";  // that network also predicts a variance, which is not used here
  if (c.arch == "mlp") return make_mlp(c, shape, wide && shape.sample.size() == 1);
  if (c.arch == "adm") return std::make_shared<nn::DhariwalUNet>(unet_options<nn::UNetOptions>(c, shape, wide));
  auto o = unet_options<nn::SongUNetOptions>(c, shape, wide);
  if (c.arch == "ncsnpp") {
    o.embedding = nn::SongUNetOptions::Embedding::fourier;
    o.channel_mult_noise = 2;
    o.encoder = nn::SongUNetOptions::Encoder::residual;
    o.resample_filter = {1, 3, 3, 1};
  }
  return std::make_shared<nn::SongUNet>(o);
}

void check_network(const EdmNetworkConfig& c) {
  if (c.arch == "mlp") return;
  if (c.point_dim > 0) config::refuse("network.arch", "is " + c.arch + ", which is for pictures; for points choose mlp");
  if (c.multipliers.empty() || c.multipliers.size() > 8) config::refuse("network.multipliers", "needs one number for each of 1 to 8 levels");
  for (const auto multiplier : c.multipliers)
    if (multiplier < 1 || multiplier > 64) config::refuse("network.multipliers", "must be whole numbers from 1 to 64");
  const std::int64_t smallest = std::int64_t{1} << (c.multipliers.size() - 1);
  if (c.resolution_px < smallest || c.resolution_px % smallest != 0)
    config::refuse("network.multipliers", "has " + std::to_string(c.multipliers.size()) + " levels, so the side of the pictures must be a multiple of " + std::to_string(smallest) +
                                              "; it is " + std::to_string(c.resolution_px) + " (the data's)");
  if (c.width % 4 != 0) config::refuse("network.width", "must be a multiple of 4");
}

DenoiserShape shape_of(const EdmConfig& config) {
  const auto& n = config.network;
  DenoiserShape shape;
  shape.sample = n.point_dim > 0 ? std::vector<std::int64_t>{n.point_dim} : std::vector<std::int64_t>{n.channels, n.resolution_px, n.resolution_px};
  shape.classes = n.classes;
  shape.augment_dim = n.arch == "mlp" ? 0 : config.augment.label_dim();
  shape.unconditional = n.classes > 0 && config.objective.drop_classes > 0.0;
  return shape;
}

}  // namespace

std::vector<config::Preset> edm_presets() {
  return {
      {"tiny", "Tiny, 32 px", "Two CPU cores: recognisable pictures within an hour or two.", "",
       Json::parse(R"({"network": {"resolution_px": 32, "width": 32, "multipliers": [1, 2, 2], "blocks": 1, "attention_px": [8], "dropout": 0},
                       "train": {"batch": 16, "lr": 0.001, "lr_ramp_kimg": 0, "ema_kimg": 20, "until_kimg": 300, "snapshot_kimg": 10}})")},
      {"small", "Small, 64 px", "A CPU and some days, or any GPU.", "tiny",
       Json::parse(R"({"network": {"resolution_px": 64, "width": 64, "multipliers": [1, 2, 2, 2], "blocks": 2, "attention_px": [16, 8]},
                       "train": {"batch": 32, "lr": 0.0005, "ema_kimg": 50, "until_kimg": 5000, "snapshot_kimg": 50}})")},
      {"cifar10", "32 px, published", "The published CIFAR-10 configuration (DDPM++): batch 512, 200 million pictures. Several GPUs.", "",
       Json::parse(R"({"network": {"resolution_px": 32},
                       "augment": {"p": 0.12, "xflip": 1e8, "yflip": 1, "scale": 1, "rotate_frac": 1, "aniso": 1, "translate_frac": 1}})")},
      {"imagenet64", "64 px, published", "The published ImageNet-64 configuration (ADM): batch 4096, 2,500 million pictures. Many GPUs.", "",
       Json::parse(R"({"network": {"resolution_px": 64, "arch": "adm", "width": 192, "multipliers": [1, 2, 3, 4], "blocks": 3, "attention_px": [32, 16, 8], "dropout": 0.1},
                       "train": {"batch": 4096, "lr": 0.0001, "ema_kimg": 50000, "until_kimg": 2500000, "snapshot_kimg": 10000}})")},
      {"toy", "Points in the plane", "A minute on any CPU, on builtin:toy-rings, toy-moons or toy-swissroll.", "",
       Json::parse(R"({"network": {"arch": "mlp", "width": 128, "blocks": 4, "dropout": 0},
                       "train": {"batch": 512, "lr": 0.001, "lr_ramp_kimg": 0, "ema_kimg": 100, "until_kimg": 2000, "snapshot_kimg": 100}})"), true},
  };
}

void resolve_edm(EdmConfig& config, const DataShape& data) {
  auto& network = config.network;
  network.resolution_px = data.resolution_px;
  network.channels = data.channels;
  network.classes = data.classes;
  network.point_dim = data.point_dim;
  check_network(network);
}

std::shared_ptr<PreconditionedDenoiser> make_edm_denoiser(const EdmConfig& config) {
  check_network(config.network);
  PreconditionOptions options;
  options.kind = precondition_from_name(config.network.preconditioning);
  options.sigma_data = config.network.sigma_data;
  const DenoiserShape shape = shape_of(config);
  return std::make_shared<PreconditionedDenoiser>(make_network(config.network, shape), options, shape);
}

NoiseLawOptions noise_law(const EdmConfig& config) {
  NoiseLawOptions law;
  law.law = noise_law_from_name(config.objective.noise);
  law.p_mean = config.objective.p_mean;
  law.p_std = config.objective.p_std;
  law.sigma_data = config.network.sigma_data;
  return law;
}

Plan edm_plan(const EdmConfig& config) {
  check_network(config.network);
  Stage stage = denoiser_stage(config.train, config.data);
  stage.make_objective = [config]() -> std::unique_ptr<Objective> {
    DenoisingOptions options;
    options.noise = noise_law(config);
    options.drop_classes = config.objective.drop_classes;
    DenoisingObjective::Augment augment;
    if (config.augment.label_dim() > 0 && config.network.arch != "mlp") {
      augment = [told = config.augment](const at::Tensor& samples, Rng rng) -> DenoisingObjective::Augmented {
        std::vector<ToldDraw> draws;
        for (std::int64_t i = 0; i < samples.size(0); ++i) draws.push_back(ToldDraw::random(rng.fork(static_cast<std::uint64_t>(i))));
        Told changed = told_augment(samples, told, draws);
        return {changed.images, changed.labels};
      };
    }
    return std::make_unique<DenoisingObjective>([config] { return make_edm_denoiser(config); }, options, std::move(augment));
  };
  return {{stage}};
}

}  // namespace orrery::diffusion
