#include "engine/systems/model.h"

#include <charconv>

#include "engine/api/result.h"
#include "engine/io/module_weights.h"
#include "engine/io/safetensors.h"
#include "engine/systems/system.h"

namespace orrery {
namespace {

using Json = nlohmann::json;

constexpr const char* key_system = "orrery.system";
constexpr const char* key_config = "orrery.config";
constexpr const char* key_classes = "orrery.classes";
constexpr const char* key_kimg = "orrery.kimg";
constexpr const char* key_hash = "orrery.sha256";

[[noreturn]] void refuse(const std::string& path, const std::string& why, const std::string& details = {}) {
  throw Error(ErrorCode::bad_input, path + " cannot be opened as a model: " + why + ".", "Nothing was changed.", "Files of other programs open through: orrery import FILE --out MODEL.safetensors", details);
}

std::string taken(std::map<std::string, std::string>& meta, const char* key) {
  const auto found = meta.find(key);
  if (found == meta.end()) return {};
  std::string value = std::move(found->second);
  meta.erase(found);
  return value;
}

Json parsed(const std::string& path, const std::string& text, const char* key) {
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    refuse(path, std::string("its ") + key + " is not JSON", error.what());
  }
}

std::shared_ptr<torch::nn::Module> build(const System& system, const Json& config, const std::string& path) {
  try {
    return system.build_network(config);
  } catch (const Error& error) {
    refuse(path, "its configuration is not one of " + system.info().name, error.error().what_happened);
  } catch (const std::exception& error) {  // sizes no machine has memory for, and the like
    refuse(path, "no network can be made of its configuration", error.what());
  }
}

}  // namespace

std::shared_ptr<const Model> load_model(const std::string& path, const std::string& device) {
  io::TensorFile file = io::read_safetensors(path);
  auto model = std::make_shared<Model>();
  model->system = taken(file.metadata, key_system);
  if (model->system.empty()) refuse(path, "it does not say which system it belongs to");
  const System* system = nullptr;
  try {
    system = &find_system(model->system);
  } catch (const Error&) {
    refuse(path, "it belongs to the system \"" + model->system + "\", which this version does not have");
  }
  model->config = parsed(path, taken(file.metadata, key_config), key_config);
  if (const std::string classes = taken(file.metadata, key_classes); !classes.empty()) {
    try {
      model->class_names = Json::parse(classes).get<std::vector<std::string>>();
    } catch (const Json::exception& error) {
      refuse(path, "its class names are not a list of texts", error.what());
    }
  }
  if (const std::string kimg = taken(file.metadata, key_kimg); !kimg.empty()) {
    const auto [end, bad] = std::from_chars(kimg.data(), kimg.data() + kimg.size(), model->kimg);
    if (bad != std::errc() || end != kimg.data() + kimg.size() || !(model->kimg >= 0)) refuse(path, "its count of training pictures is not a number");
  }
  const std::string stored_hash = taken(file.metadata, key_hash);
  model->hash = io::sha256_of_tensors(file.tensors);
  if (!stored_hash.empty() && stored_hash != model->hash) refuse(path, "its weights are not those that were saved (SHA-256 differs)");
  model->meta = std::move(file.metadata);

  auto network = build(*system, model->config, path);
  try {
    io::load_weights(*network, file.tensors);
  } catch (const Error& error) {
    refuse(path, "its weights do not fit its configuration", error.error().what_happened);
  }
  network->eval();
  for (auto& parameter : network->parameters()) parameter.requires_grad_(false);
  if (device != "cpu") network->to(torch::Device(device));
  model->network = std::move(network);
  return model;
}

void save_model(const Model& model, const std::string& path) {
  io::TensorFile file;
  file.tensors = io::named_weights(*model.network);
  for (auto& [name, tensor] : file.tensors) tensor = tensor.detach().cpu();
  file.metadata = model.meta;
  char kimg[32];
  const auto end = std::to_chars(kimg, kimg + sizeof kimg, model.kimg).ptr;
  file.metadata[key_system] = model.system;
  file.metadata[key_config] = model.config.dump();
  file.metadata[key_classes] = Json(model.class_names).dump();
  file.metadata[key_kimg] = std::string(kimg, end);
  file.metadata[key_hash] = io::sha256_of_tensors(file.tensors);
  io::write_safetensors(path, file);
}

}  // namespace orrery
