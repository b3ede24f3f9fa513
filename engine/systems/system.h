// One row of the catalogue: what the shared layers need to know of a published method. A system is a folder systems/<id>/ with a
// function `std::unique_ptr<System> make_system_<id>()` and its line in catalogue.def; nothing else names it.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "engine/api/catalogue.h"
#include "engine/config/fields.h"
#include "engine/explore/player.h"
#include "engine/parity/case.h"
#include "engine/systems/model.h"
#include "engine/train/plan.h"

namespace orrery {

// What training must know of the data before it builds networks.
struct DataShape {
  std::int64_t resolution_px = 64;
  std::int64_t channels = 3;
  std::int64_t classes = 0;
  std::int64_t pictures = 0;
  std::int64_t point_dim = 0;  // > 0: the data are points of so many coordinates, not pictures
};

class System {
 public:
  virtual ~System() = default;
  virtual SystemInfo info() const = 0;

  // Configuration: every key with its default, help by path, and presets as patches.
  virtual nlohmann::json defaults() const = 0;
  virtual std::map<std::string, config::Field> config_help() const = 0;
  virtual std::vector<config::Preset> presets() const = 0;
  std::vector<PresetInfo> preset_infos() const;  // what a card says of them
  // The picture size an unresolved configuration asks for, for data that comes in any size (the built-in sets). 0: the data's own.
  virtual int wanted_size_px(const nlohmann::json& /*config*/) const { return 0; }
  // Fills what depends on the data (resolution, classes) and checks the whole. Throws Error(wrong_use) naming the JSON path.
  virtual nlohmann::json resolve(const nlohmann::json& config, const DataShape& data) const = 0;

  // The network that plays, with random weights, from a resolved configuration.
  virtual std::shared_ptr<torch::nn::Module> build_network(const nlohmann::json& config) const = 0;
  virtual std::unique_ptr<Player> make_player(std::shared_ptr<const Model> model) const = 0;
  virtual Plan make_plan(const nlohmann::json& config) const = 0;

  // A resolved configuration for weights of other programs, from their names and shapes and from what is known of how their network was
  // built (`hints`: constructor arguments by the reference's names, or null). nullopt: not weights of this system. Throws
  // Error(bad_input) for weights that are, but of a variant that is not supported.
  virtual std::optional<nlohmann::json> config_from_weights(const std::map<std::string, at::Tensor>& /*weights*/, const nlohmann::json& /*hints*/) const {
    return std::nullopt;
  }

  // Reference cases under <vectors>/<id>/: computes every tensor of the case. See engine/parity/case.h.
  virtual void run_case(parity::Case& reference) const = 0;
};

// All systems in the catalogue's order, built once per call site (stateless).
const std::vector<std::unique_ptr<System>>& all_systems();
// Throws Error(wrong_use) when there is none of that name.
const System& find_system(const std::string& id);

}  // namespace orrery
