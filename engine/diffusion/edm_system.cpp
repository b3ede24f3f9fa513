#include "engine/diffusion/edm_system.h"

#include "engine/explore/denoiser_player.h"
#include "engine/nn/reset.h"

namespace orrery::diffusion {

EdmConfig EdmSystem::parse(const Json& config) const {
  EdmConfig parsed = base();
  config::from_config(config, parsed);
  return parsed;
}

nlohmann::json EdmSystem::resolve(const Json& config, const DataShape& data) const {
  EdmConfig parsed = parse(config);
  resolve_edm(parsed, data);
  return config::to_config(parsed);
}

std::shared_ptr<torch::nn::Module> EdmSystem::build_network(const Json& config) const {
  const auto net = make_edm_denoiser(parse(config));
  nn::reset_all(*net, Rng(0).fork("net"));
  return net;
}

std::unique_ptr<Player> EdmSystem::make_player(std::shared_ptr<const Model> model) const { return make_denoiser_player(std::move(model)); }

}  // namespace orrery::diffusion
