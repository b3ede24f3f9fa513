#include "engine/config/fields.h"

#include <algorithm>

namespace orrery::config {

void refuse(const std::string& path, const std::string& why) {
  throw Error(ErrorCode::wrong_use, "The setting \"" + (path.empty() ? std::string("(top)") : path) + "\" " + why + ".",
              "Nothing was started or changed.", "Correct it and try again.");
}

double checked_number(const Json& value, const std::string& path, const Field& field, bool whole) {
  if (!value.is_number()) refuse(path, "must be a number");
  const double number = value.get<double>();
  if (whole && number != std::floor(number)) refuse(path, "must be a whole number");
  if (!(number >= field.min && number <= field.max)) {
    refuse(path, "is " + value.dump() + ", outside " + Json(field.min).dump() + " to " + Json(field.max).dump());
  }
  return number;
}

void Reader::refuse_unknown() const {
  for (const auto& [key, value] : in.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string list;
    for (const auto& name : known) list += (list.empty() ? "" : ", ") + name;
    refuse(path.empty() ? key : path + "." + key, "does not exist; here are " + list);
  }
}

void set_path(Json& json, const std::string& path, const std::string& text) {
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) value = text;
  Json* node = &json;
  std::size_t start = 0;
  while (true) {
    const std::size_t dot = path.find('.', start);
    const std::string key = path.substr(start, dot == std::string::npos ? std::string::npos : dot - start);
    if (key.empty()) refuse(path, "is not a path of the form section.key");
    if (!node->is_object()) refuse(path, "goes through something that is not an object");
    if (dot == std::string::npos) { (*node)[key] = value; return; }
    if (!node->contains(key)) (*node)[key] = Json::object();
    node = &(*node)[key];
    start = dot + 1;
  }
}

Json resolve_preset(const Json& defaults, const std::vector<Preset>& presets, const std::string& id) {
  std::vector<const Preset*> chain;
  std::string wanted = id;
  while (!wanted.empty()) {
    const auto found = std::find_if(presets.begin(), presets.end(), [&](const Preset& p) { return p.id == wanted; });
    if (found == presets.end()) {
      std::string list;
      for (const auto& preset : presets) list += (list.empty() ? "" : ", ") + preset.id;
      throw Error(ErrorCode::wrong_use, "There is no preset \"" + wanted + "\".", "Nothing was started.", "Choose one of: " + list + ".");
    }
    if (chain.size() > presets.size()) throw Error(ErrorCode::failed, "The presets' parents form a circle at \"" + wanted + "\".");
    chain.push_back(&*found);
    wanted = found->parent;
  }
  Json resolved = defaults;
  for (auto it = chain.rbegin(); it != chain.rend(); ++it) resolved.merge_patch((*it)->patch);
  return resolved;
}

}  // namespace orrery::config
