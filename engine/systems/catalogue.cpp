#include <map>

#include "engine/api/result.h"
#include "engine/systems/system.h"

namespace orrery {

#define ORRERY_SYSTEM(id) std::unique_ptr<System> make_system_##id();
#include "engine/catalogue.def"
#undef ORRERY_SYSTEM

const std::vector<std::unique_ptr<System>>& all_systems() {
  static const std::vector<std::unique_ptr<System>> systems = [] {
    std::vector<std::unique_ptr<System>> list;
#define ORRERY_SYSTEM(id) list.push_back(make_system_##id());
#include "engine/catalogue.def"
#undef ORRERY_SYSTEM
    return list;
  }();
  return systems;
}

std::vector<PresetInfo> System::preset_infos() const {
  std::vector<PresetInfo> list;
  for (const auto& preset : presets()) list.push_back({preset.id, preset.label, preset.help, preset.points});
  return list;
}

const System& find_system(const std::string& id) {
  std::string list;
  for (const auto& system : all_systems()) {
    const std::string known = system->info().id;
    if (known == id) return *system;
    list += (list.empty() ? "" : ", ") + known;
  }
  throw Error(ErrorCode::wrong_use, "There is no system \"" + id + "\".", "Nothing was started.", "Choose one of: " + list + ".");
}

}  // namespace orrery
