// What every system that trains DDPM's networks has in common: only the card and how the player starts differ.
#pragma once

#include <memory>

#include "engine/diffusion/ddpm_recipe.h"
#include "engine/explore/denoiser_player.h"
#include "engine/systems/system.h"

namespace orrery::diffusion {

class DdpmSystem : public System {
 public:
  using Json = nlohmann::json;

  Json defaults() const override { return config::to_config(DdpmConfig{}); }
  std::map<std::string, config::Field> config_help() const override { return config::describe<DdpmConfig>(); }
  std::vector<config::Preset> presets() const override { return ddpm_presets(); }
  int wanted_size_px(const Json& config) const override { return static_cast<int>(parse(config).network.resolution_px); }
  Json resolve(const Json& config, const DataShape& data) const override;
  std::shared_ptr<torch::nn::Module> build_network(const Json& config) const override;
  std::unique_ptr<Player> make_player(std::shared_ptr<const Model> model) const override;
  Plan make_plan(const Json& config) const override { return ddpm_plan(parse(config)); }
  std::optional<Json> config_from_weights(const std::map<std::string, at::Tensor>& weights, const Json& hints) const override;

 protected:
  // Which sampler a player starts with.
  virtual DenoiserDefaults player_defaults(const DdpmConfig& config) const = 0;
  static DdpmConfig parse(const Json& config);
};

}  // namespace orrery::diffusion
