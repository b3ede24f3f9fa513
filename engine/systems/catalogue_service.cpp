#include "engine/systems/catalogue_service.h"

#include <nlohmann/json.hpp>

#include "engine/systems/system.h"

namespace orrery {
namespace {

class CatalogueService : public Catalogue {
 public:
  std::vector<SystemInfo> systems() const override {
    std::vector<SystemInfo> list;
    for (const auto& system : all_systems()) list.push_back(system->info());
    return list;
  }

  Result<std::string> config(const std::string& id, const std::string& preset) const override {
    try {
      const System& system = find_system(id);
      nlohmann::json help = nlohmann::json::object();
      for (const auto& [path, field] : system.config_help()) {
        nlohmann::json one = {{"help", field.help}};
        if (!field.unit.empty()) one["unit"] = field.unit;
        if (std::isfinite(field.min)) one["min"] = field.min;
        if (std::isfinite(field.max)) one["max"] = field.max;
        if (!field.choices.empty()) one["choices"] = field.choices;
        help[path] = one;
      }
      const nlohmann::json resolved = config::resolve_preset(system.defaults(), system.presets(), preset);
      return nlohmann::json{{"config", resolved}, {"help", help}}.dump(2);
    } catch (const Error& error) {
      return error.error();
    }
  }
};

}  // namespace

std::unique_ptr<Catalogue> make_catalogue_service() { return std::make_unique<CatalogueService>(); }

}  // namespace orrery
