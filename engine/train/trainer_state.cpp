// What a Trainer saves and how it comes back.
#include <ATen/ops/isfinite.h>

#include <algorithm>
#include <cmath>

#include "engine/api/result.h"
#include "engine/io/module_weights.h"
#include "engine/train/trainer.h"

namespace orrery {
namespace {

constexpr const char* state_key = "orrery.train";

[[noreturn]] void does_not_fit(const std::string& why) {
  throw Error(ErrorCode::bad_input, "The checkpoint does not fit this run: " + why + ".", "The checkpoint was not changed.",
              "Resume with the program version and configuration that made it.");
}

nlohmann::json progress_json(const Progress& p) {
  return {{"stage", p.stage},       {"step", p.step},
          {"stage_step", p.stage_step}, {"pictures", p.pictures},
          {"stage_pictures", p.stage_pictures}, {"wall_s", p.wall_s},
          {"stage_wall_s", p.stage_wall_s}};
}

Progress progress_from(const nlohmann::json& json) {
  Progress p;
  json.at("stage").get_to(p.stage);
  json.at("step").get_to(p.step);
  json.at("stage_step").get_to(p.stage_step);
  json.at("pictures").get_to(p.pictures);
  json.at("stage_pictures").get_to(p.stage_pictures);
  json.at("wall_s").get_to(p.wall_s);
  json.at("stage_wall_s").get_to(p.stage_wall_s);
  return p;
}

std::map<std::string, at::Tensor> below(const std::map<std::string, at::Tensor>& all, const std::string& prefix) {
  std::map<std::string, at::Tensor> out;
  for (auto it = all.lower_bound(prefix); it != all.end() && it->first.compare(0, prefix.size(), prefix) == 0; ++it) {
    out[it->first.substr(prefix.size())] = it->second;
  }
  return out;
}

}  // namespace

io::TensorFile Trainer::checkpoint() {
  meter_.settle();
  io::TensorFile file;
  const auto add = [&file](const std::string& prefix, const torch::nn::Module& module) {
    for (const auto& [name, tensor] : io::named_weights(module)) file.tensors[prefix + name] = tensor.detach();
  };
  for (const auto& [name, module] : state_.modules) add("weights/" + name + "/", *module);
  for (const auto& [name, module] : averages_) add("average/" + name + "/", *module);
  for (const auto& [name, tensor] : state_.tensors) file.tensors["state/" + name] = tensor.detach();
  optimiser_->save(file.tensors);
  file.metadata[state_key] = nlohmann::json{{"progress", progress_json(progress_)}, {"lr_scale", lr_scale_}, {"most_at_once", most_at_once_}, {"meter", meter_.state()}}.dump();
  return file;
}

void Trainer::restore(const io::TensorFile& file) {
  const auto meta = file.metadata.find(state_key);
  if (meta == file.metadata.end()) does_not_fit("it does not say where the run stood");
  try {
    const nlohmann::json json = nlohmann::json::parse(meta->second);
    const Progress progress = progress_from(json.at("progress"));
    if (progress.stage < 0 || static_cast<std::size_t>(progress.stage) >= plan_.stages.size()) does_not_fit("its stage does not exist");
    progress_ = progress;
    lr_scale_ = json.at("lr_scale").get<double>();
    most_at_once_ = json.value("most_at_once", std::int64_t{0});
    meter_.restore(json.at("meter"));
  } catch (const nlohmann::json::exception&) {
    does_not_fit("its description cannot be read");
  }
  build_stage();
  for (auto& [name, module] : state_.modules) io::load_weights(*module, below(file.tensors, "weights/" + name + "/"));
  for (auto& [name, module] : averages_) io::load_weights(*module, below(file.tensors, "average/" + name + "/"));
  const auto small = below(file.tensors, "state/");
  for (auto& [name, tensor] : state_.tensors) {
    const auto saved = small.find(name);
    if (saved == small.end()) does_not_fit("it lacks \"" + name + "\"");
    tensor = saved->second.to(device_, tensor.scalar_type(), /*non_blocking=*/false, /*copy=*/true);
  }
  optimiser_->load(file.tensors);
}

std::string Trainer::first_non_finite() {
  for (const auto& [name, tensor] : checkpoint().tensors) {
    if (tensor.is_floating_point() && !at::isfinite(tensor).all().item<bool>()) return name;
  }
  return {};
}

}  // namespace orrery
