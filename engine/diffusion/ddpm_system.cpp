#include "engine/diffusion/ddpm_system.h"

#include "engine/nn/ddpm_unet_weights.h"
#include "engine/nn/reset.h"

namespace orrery::diffusion {

DdpmConfig DdpmSystem::parse(const Json& config) {
  DdpmConfig parsed;
  config::from_config(config, parsed);
  return parsed;
}

nlohmann::json DdpmSystem::resolve(const Json& config, const DataShape& data) const {
  DdpmConfig parsed = parse(config);
  resolve_ddpm(parsed, data);
  return config::to_config(parsed);
}

std::shared_ptr<torch::nn::Module> DdpmSystem::build_network(const Json& config) const {
  const auto net = make_ddpm_denoiser(parse(config));
  nn::reset_all(*net, Rng(0).fork("net"));
  return net;
}

std::unique_ptr<Player> DdpmSystem::make_player(std::shared_ptr<const Model> model) const {
  const DenoiserDefaults defaults = player_defaults(parse(model->config));
  return make_denoiser_player(std::move(model), defaults);
}

// Weights do not say how large the pictures were: the size is a hint, or 32 px, the published one.
std::optional<nlohmann::json> DdpmSystem::config_from_weights(const std::map<std::string, at::Tensor>& weights, const Json& hints) const {
  const std::int64_t px = hints.is_object() && hints.contains("resolution") && hints["resolution"].is_number_integer() ? hints["resolution"].get<std::int64_t>() : 32;
  const auto options = nn::ddpm_unet_options(weights, px);
  if (!options) return std::nullopt;
  DdpmConfig config;
  auto& n = config.network;
  n.resolution_px = px;
  n.channels = options->in_channels;
  n.width = options->channels;
  n.multipliers = options->channel_mult;
  n.blocks = options->num_blocks;
  n.attention_px = options->attn_resolutions;
  n.resample_with_conv = options->resample_with_conv;
  return config::to_config(config);
}

}  // namespace orrery::diffusion
