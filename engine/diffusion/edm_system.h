// What every system that trains EDM's networks has in common: only the card, the defaults and the reference cases differ.
#pragma once

#include <memory>

#include "engine/diffusion/edm_recipe.h"
#include "engine/systems/system.h"

namespace orrery::diffusion {

class EdmSystem : public System {
 public:
  using Json = nlohmann::json;

  Json defaults() const override { return config::to_config(base()); }
  std::map<std::string, config::Field> config_help() const override { return config::describe(base()); }
  std::vector<config::Preset> presets() const override { return edm_presets(); }
  int wanted_size_px(const Json& config) const override { return static_cast<int>(parse(config).network.resolution_px); }
  Json resolve(const Json& config, const DataShape& data) const override;
  std::shared_ptr<torch::nn::Module> build_network(const Json& config) const override;
  std::unique_ptr<Player> make_player(std::shared_ptr<const Model> model) const override;
  Plan make_plan(const Json& config) const override { return edm_plan(parse(config)); }

 protected:
  // The defaults of the system.
  virtual EdmConfig base() const { return {}; }
  EdmConfig parse(const Json& config) const;
};

}  // namespace orrery::diffusion
