#include "engine/systems/import_model.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"
#include "engine/io/checkpoint.h"
#include "engine/io/module_weights.h"
#include "engine/io/safetensors.h"
#include "engine/io/sha256.h"
#include "engine/systems/model.h"
#include "engine/systems/system.h"

namespace orrery {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

bool is_safetensors(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char head[9] = {};
  file.read(head, sizeof head);
  return file.gcount() == sizeof head && head[8] == '{' && static_cast<unsigned char>(head[0]) != 0x80 && !(head[0] == 'P' && head[1] == 'K');
}

// Arguments that lie beside the weights: {"args": {...}} in meta.json. Anything else there is none of our business.
Json neighbouring_arguments(const std::string& path) {
  const std::string place = (fs::path(path).parent_path() / "meta.json").string();
  std::error_code missing;
  if (!fs::is_regular_file(place, missing)) return nullptr;
  try {
    const Json meta = Json::parse(io::read_file(place, 16 << 20));
    if (meta.is_object() && meta.contains("args") && meta.at("args").is_object()) return meta.at("args");
  } catch (const std::exception&) {
  }
  return nullptr;
}

io::Checkpoint read_any(const std::string& path) {
  std::error_code missing;
  if (!fs::is_regular_file(path, missing)) throw Error(ErrorCode::bad_input, path + " is not a file.", "Nothing was written.", "Check its name.");
  if (!is_safetensors(path)) return io::read_checkpoint(path);
  io::Checkpoint checkpoint;
  checkpoint.format = "safetensors";
  auto& set = checkpoint.sets.emplace_back();
  set.tensors = io::read_safetensors(path).tensors;
  set.arguments = neighbouring_arguments(path);
  return checkpoint;
}

bool averaged(const io::WeightSet& set) {
  std::string name = set.where;
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name.find("ema") != std::string::npos;
}

struct Match { const System* system = nullptr; const io::WeightSet* set = nullptr; Json config; };

Match find_match(const io::Checkpoint& checkpoint, const ModelImportOptions& options) {
  std::vector<const io::WeightSet*> sets;
  for (const auto& set : checkpoint.sets)
    if (options.set.empty() || set.where == options.set) sets.push_back(&set);
  std::string places;
  for (const auto& set : checkpoint.sets) places += (places.empty() ? "" : ", ") + (set.where.empty() ? std::string("(the whole file)") : set.where);
  if (sets.empty()) throw Error(ErrorCode::wrong_use, options.file + " has no weights called \"" + options.set + "\".", "Nothing was written.", "It has: " + places + ".");
  std::stable_sort(sets.begin(), sets.end(), [](const auto* a, const auto* b) { return averaged(*a) > averaged(*b); });
  const System* only = options.system.empty() ? nullptr : &find_system(options.system);
  for (const io::WeightSet* set : sets)
    for (const auto& system : all_systems()) {
      if (only && system.get() != only) continue;
      if (auto config = system->config_from_weights(set->tensors, set->arguments)) return {system.get(), set, std::move(*config)};
    }
  const std::string whose = only ? only->info().name : "any system of the catalogue";
  std::string names;
  int count = 0;
  for (const auto& [name, tensor] : sets.front()->tensors)
    if (++count <= 3) names += (names.empty() ? "" : ", ") + name;
  throw Error(ErrorCode::bad_input, "The weights in " + options.file + " are not those of " + whose + ".", "Nothing was written.",
              "See which systems there are: orrery systems", "it has " + std::to_string(sets.front()->tensors.size()) + " tensors: " + names + ", ...");
}

void draw_one(const std::shared_ptr<const Model>& model, ImportedModel& imported) {
  const System& system = find_system(model->system);
  RenderObserver nobody;
  const at::Tensor picture = system.make_player(model)->render({Request{}}, nobody);
  if (!picture.defined() || !picture.isfinite().all().item<bool>())
    throw Error(ErrorCode::bad_input, "The weights load, but the picture they give is not a number.", "Nothing was written.", "Get the file again from where it came from.");
  imported.width_px = static_cast<int>(picture.size(3));
  imported.height_px = static_cast<int>(picture.size(2));
}

}  // namespace

ImportedModel import_model(const ModelImportOptions& options, const std::function<void(double, const std::string&)>& progress) {
  const auto say = [&](double fraction, const char* what) { if (progress) progress(fraction, what); };
  say(0.0, "Reading the file");
  io::Checkpoint checkpoint = read_any(options.file);
  ImportedModel imported;
  imported.format = checkpoint.format;
  imported.records = checkpoint.records;
  for (const auto& set : checkpoint.sets) imported.sets.push_back(set.where);

  say(0.4, "Looking for its system");
  const Match match = find_match(checkpoint, options);
  imported.system = match.system->info().id;
  imported.set = match.set->where;
  auto model = std::make_shared<Model>();
  model->system = imported.system;
  model->config = match.config;
  model->meta["source.file"] = fs::path(options.file).filename().string();
  model->meta["source.sha256"] = io::sha256_of_file(options.file);
  model->meta["source.format"] = checkpoint.format;
  if (!match.set->where.empty()) model->meta["source.set"] = match.set->where;
  if (!match.set->arguments.is_null()) model->meta["source.arguments"] = match.set->arguments.dump();

  say(0.5, "Building the network");
  const auto network = match.system->build_network(model->config);
  io::load_weights(*network, match.set->tensors);
  checkpoint.sets.clear();  // gives their memory back
  network->eval();
  for (auto& parameter : network->parameters()) {
    parameter.requires_grad_(false);
    imported.parameters += parameter.numel();
  }
  model->network = network;
  say(0.7, "Drawing a picture");
  draw_one(model, imported);
  say(0.8, "Writing the model");
  save_model(*model, options.out);
  imported.hash = load_model(options.out)->hash;  // what was written can be opened
  say(1.0, "Done");
  return imported;
}

}  // namespace orrery
