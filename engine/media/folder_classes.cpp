#include "engine/media/folder_classes.h"

#include <algorithm>
#include <string_view>

namespace orrery::media {
namespace {

std::string_view first_of(std::string_view path) { return path.substr(0, std::min(path.find('/'), path.size())); }
std::string_view rest_of(std::string_view path) { return path.substr(std::min(first_of(path).size() + 1, path.size())); }

bool is_split(std::string_view name) { return name == "train" || name == "training" || name == "validation" || name == "val" || name == "valid" || name == "test"; }

void classes_of(ClassFolders& thing) {
  std::vector<std::string_view> paths(thing.folders.begin(), thing.folders.end());
  const auto drop_level = [&] { for (auto& path : paths) path = rest_of(path); };
  const auto drop_common = [&] {
    while (!paths.empty() && !paths[0].empty() && std::all_of(paths.begin(), paths.end(), [&](auto path) { return first_of(path) == first_of(paths[0]); })) drop_level();
  };
  drop_common();
  if (std::all_of(paths.begin(), paths.end(), [](auto path) { return is_split(first_of(path)); })) {
    drop_level();
    drop_common();
  }
  thing.classes.clear();
  for (const auto path : paths) thing.classes.emplace_back(first_of(path));
}

}  // namespace

void find_classes(std::vector<ClassFolders>& things) {
  bool any = false;
  std::ptrdiff_t places = 0;
  for (auto& thing : things) {
    classes_of(thing);
    any = any || std::any_of(thing.classes.begin(), thing.classes.end(), [](const std::string& name) { return !name.empty(); });
    places += thing.is_place && !thing.folders.empty();
  }
  if (any || places < 2) return;
  for (auto& thing : things) {
    if (thing.is_place) thing.classes.assign(thing.folders.size(), thing.name);
  }
}

}  // namespace orrery::media
