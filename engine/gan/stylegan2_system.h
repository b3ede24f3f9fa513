// What every system that trains StyleGAN2's networks has in common: only the configuration's extra sections, the objective's hooks and the
// card differ. Config has the members network, objective, train, data of StyleGan2Config and may have more.
#pragma once

#include <memory>
#include <utility>

#include "engine/explore/generator_player.h"
#include "engine/gan/stylegan2_recipe.h"
#include "engine/gan/stylegan2_weights.h"
#include "engine/nn/reset.h"
#include "engine/systems/system.h"

namespace orrery::gan {

template <class Config>
class StyleGan2System : public System {
 public:
  using Json = nlohmann::json;

  Json defaults() const override { return config::to_config(Config{}); }
  std::map<std::string, config::Field> config_help() const override { return config::describe<Config>(); }
  std::vector<config::Preset> presets() const override { return stylegan2_presets(); }
  int wanted_size_px(const Json& config) const override { return static_cast<int>(parse(config).network.resolution_px); }

  Json resolve(const Json& config, const DataShape& data) const override {
    Config parsed = parse(config);
    StyleGan2Config base = base_of(parsed);
    resolve_stylegan2(base, data);
    parsed.network = base.network;
    parsed.objective = base.objective;
    check(parsed);
    return config::to_config(parsed);
  }

  std::shared_ptr<torch::nn::Module> build_network(const Json& config) const override {
    const auto network = parse(config).network;
    check_resolved(network);
    const auto g = make_stylegan2_generator(network);
    nn::reset_all(*g, Rng(0).fork("g"));
    return g;
  }

  std::optional<Json> config_from_weights(const std::map<std::string, at::Tensor>& weights, const Json& hints) const override {
    const auto found = stylegan2_from_weights(weights, hints);
    if (!found) return std::nullopt;
    Config config;
    config.network = found->network;
    config.objective = found->objective;
    return config::to_config(config);
  }

  std::unique_ptr<Player> make_player(std::shared_ptr<const Model> model) const override { return make_generator_player(std::move(model)); }

  Plan make_plan(const Json& config) const override {
    const Config parsed = parse(config);
    check_resolved(parsed.network);
    const AdversarialObjective::Hooks hooks = make_hooks(parsed);
    return stylegan2_plan(base_of(parsed), [parsed, hooks]() -> std::unique_ptr<Objective> {
      const auto networks = [parsed] { return GanNetworks{make_stylegan2_generator(parsed.network), make_stylegan2_discriminator(parsed.network)}; };
      return std::make_unique<AdversarialObjective>(networks, adversarial_options(parsed.objective), hooks);
    });
  }

 protected:
  virtual AdversarialObjective::Hooks make_hooks(const Config&) const { return {}; }
  // What the extra sections demand of a resolved configuration. Throws Error(wrong_use) naming the JSON path.
  virtual void check(const Config&) const {}

  static Config parse(const Json& config) {
    Config parsed;
    config::from_config(config, parsed);
    return parsed;
  }

 private:
  static StyleGan2Config base_of(const Config& config) { return {config.network, config.objective, config.train, config.data}; }
  static void check_resolved(const StyleGan2NetworkConfig& network) {
    StyleGan2Config config;
    config.network = network;
    DataShape data;
    data.resolution_px = network.resolution_px, data.channels = network.channels, data.classes = network.classes;
    resolve_stylegan2(config, data);
  }
};

}  // namespace orrery::gan
