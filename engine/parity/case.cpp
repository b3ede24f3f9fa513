#include "engine/parity/case.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"
#include "engine/io/safetensors.h"
#include "engine/parity/compare.h"

namespace orrery::parity {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Tensors = std::map<std::string, at::Tensor>;

[[noreturn]] void refuse(const std::string& folder, const std::string& why) {
  throw Error(ErrorCode::bad_input, "The reference case " + folder + " cannot be read: " + why + ".", "Nothing was changed.",
              "Check that the folder is complete.");
}

Json read_json(const fs::path& path, const std::string& folder) {
  Json json = Json::parse(io::read_file(path.string(), std::size_t{64} << 20), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded() || !json.is_object()) refuse(folder, path.filename().string() + " is not a JSON object");
  return json;
}

Tensors read_tensors(const fs::path& path, const std::string& device) {
  Tensors tensors = io::read_safetensors(path.string()).tensors;
  for (auto& [name, tensor] : tensors) tensor = tensor.to(at::Device(device));
  return tensors;
}

// A neighbour's name from meta.json must stay a neighbour.
fs::path neighbour(const fs::path& folder, const std::string& name, const std::string& shown) {
  if (name.empty() || name.find('/') != std::string::npos || name == "." || name == "..")
    refuse(shown, "\"" + name + "\" is not the name of a case");
  return folder.parent_path() / name;
}

bool compared(const std::string& name) {
  const std::array<const char*, 4> kinds{"tap.", "out.", "grad.", "table."};
  return std::any_of(kinds.begin(), kinds.end(), [&](const char* kind) { return name.rfind(kind, 0) == 0; });
}

}  // namespace

Case Case::load(const std::string& folder, const std::string& device) {
  fs::path path = fs::absolute(folder).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  Case loaded;
  loaded.folder = path.string();
  loaded.device = device;
  loaded.meta = read_json(path / "meta.json", loaded.folder);
  for (const char* key : {"system", "case"}) {
    if (!loaded.meta.contains(key) || !loaded.meta[key].is_string())
      refuse(loaded.folder, std::string("meta.json has no text \"") + key + "\"");
  }
  if (!loaded.meta.contains("args") || !loaded.meta["args"].is_object()) refuse(loaded.folder, "meta.json has no object \"args\"");
  loaded.system = loaded.meta["system"].get<std::string>();
  loaded.name = loaded.meta["case"].get<std::string>();
  if (!fs::exists(path / "io.safetensors")) refuse(loaded.folder, "io.safetensors is missing");
  loaded.io = read_tensors(path / "io.safetensors", device);
  if (fs::exists(path / "weights.safetensors")) loaded.weights = read_tensors(path / "weights.safetensors", device);

  std::vector<std::string> others;
  const Json& args = loaded.meta["args"];
  if (args.contains("weights_case") && args["weights_case"].is_string()) others.push_back(args["weights_case"].get<std::string>());
  if (args.contains("weights_cases")) {
    for (const auto& item : args["weights_cases"]) {
      if (item.is_string()) others.push_back(item.get<std::string>());
    }
  }
  for (const std::string& other : others) {
    const fs::path there = neighbour(path, other, loaded.folder);
    if (!fs::exists(there / "weights.safetensors")) refuse(loaded.folder, "its neighbour " + other + " has no weights.safetensors");
    loaded.other_weights[other] = read_tensors(there / "weights.safetensors", device);
  }
  return loaded;
}

const at::Tensor& Case::in(const std::string& name) const {
  const auto found = io.find(name);
  if (found == io.end()) refuse(folder, "io.safetensors has no \"" + name + "\"");
  return found->second;
}

void Case::report(const std::string& name, const at::Tensor& computed) {
  const auto reference = io.find(name);
  if (reference == io.end() || !compared(name)) return;
  reported_[name] = compare(name, reference->second, computed, rule_for(meta, name));
}

void Case::report_gradient(const std::string& name, const at::Tensor& computed, double noise) {
  const auto reference = io.find(name);
  if (reference == io.end() || !compared(name)) return;
  Rule rule = rule_for(meta, name);
  if (reference->second.abs().max().item<double>() <= noise) rule.absolute_bound = noise;
  reported_[name] = compare(name, reference->second, computed, rule);
}

std::vector<Line> Case::lines() const {
  std::vector<Line> list;
  for (const auto& [name, reference] : io) {
    if (!compared(name)) continue;
    if (const auto found = reported_.find(name); found != reported_.end()) {
      list.push_back(found->second);
      continue;
    }
    const Rule rule = rule_for(meta, name);
    const bool checked = rule.tolerance || rule.absolute_bound || !reference.is_floating_point();
    if (checked) list.push_back(compare(name, reference, {}, rule));  // "not computed"
  }
  return list;
}

}  // namespace orrery::parity
