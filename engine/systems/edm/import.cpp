#include "engine/systems/edm/import.h"

#include <algorithm>
#include <cstdlib>

#include "engine/api/result.h"
#include "engine/io/module_weights.h"
#include "engine/systems/edm/cases.h"

namespace orrery::edm {
namespace {

using Weights = std::map<std::string, at::Tensor>;

const at::Tensor* find(const Weights& weights, const std::string& name) {
  const auto found = weights.find(name);
  return found == weights.end() ? nullptr : &found->second;
}

std::string level(std::int64_t resolution) { return "model.enc." + std::to_string(resolution) + "x" + std::to_string(resolution) + "_"; }

// The side of the first level, from "model.enc.32x32_conv.weight".
std::int64_t first_resolution(const Weights& weights) {
  const std::string start = "model.enc.", end = "_conv.weight";
  for (auto it = weights.lower_bound(start); it != weights.end() && it->first.rfind(start, 0) == 0; ++it)
    if (it->first.ends_with(end) && it->second.dim() == 4) return std::strtoll(it->first.c_str() + start.size(), nullptr, 10);
  return 0;
}

diffusion::ToldAugmentConfig published_augment() {
  diffusion::ToldAugmentConfig told;
  told.p = 0.12;
  told.xflip = 1e8;
  told.yflip = told.scale = told.rotate_frac = told.aniso = told.translate_frac = 1.0;
  return told;
}

std::string preconditioning(const Weights& weights, const nlohmann::json& hints) {
  if (find(weights, "u")) return "iddpm";
  for (const char* key : {"precond", "preconditioning"}) {
    if (!hints.is_object() || !hints.contains(key) || !hints.at(key).is_string()) continue;
    switch (precondition_in(hints.at(key).get<std::string>())) {
      case diffusion::Precondition::vp: return "vp";
      case diffusion::Precondition::ve: return "ve";
      default: return "edm";
    }
  }
  return "edm";
}

}  // namespace

std::optional<diffusion::EdmConfig> config_from_weights(const Weights& weights, const nlohmann::json& hints) {
  const auto side = first_resolution(weights);
  const at::Tensor* map0 = find(weights, "model.map_layer0.weight");
  if (side <= 0 || side > 4096 || map0 == nullptr || map0->dim() != 2) return std::nullopt;
  diffusion::EdmConfig config;
  auto& n = config.network;
  const at::Tensor& first = weights.at(level(side) + "conv.weight");
  const bool adm = find(weights, "model.out_conv.weight") != nullptr, fourier = find(weights, "model.map_noise.freqs") != nullptr;
  n.arch = adm ? "adm" : fourier ? "ncsnpp" : "ddpmpp";
  n.resolution_px = side;
  n.channels = first.size(1);
  n.width = adm ? map0->size(1) : first.size(0);
  n.dropout = 0.0;
  n.multipliers.clear();
  n.attention_px.clear();
  if (n.width < 1) return std::nullopt;
  for (auto resolution = side; resolution > 0 && find(weights, level(resolution) + "block0.conv0.weight"); resolution /= 2) {
    n.multipliers.push_back(weights.at(level(resolution) + "block0.conv0.weight").size(0) / n.width);
    std::int64_t blocks = 0;
    while (find(weights, level(resolution) + "block" + std::to_string(blocks) + ".conv0.weight")) ++blocks;
    n.blocks = blocks;
    if (find(weights, level(resolution) + "block0.qkv.weight")) n.attention_px.push_back(resolution);
  }
  if (const auto* label = find(weights, "model.map_label.weight")) n.classes = label->size(1);
  if (find(weights, "model.map_augment.weight")) config.augment = published_augment();
  n.preconditioning = preconditioning(weights, hints);

  // It is what it seems only if every name and shape agrees.
  std::string differs;
  try {
    io::load_weights(*diffusion::make_edm_denoiser(config), weights);
    return config;
  } catch (const Error& error) {
    differs = error.error().what_happened;
  }
  throw Error(ErrorCode::bad_input, "These weights are of an EDM network that no configuration here describes.", "Nothing was written.",
              "Networks of the kinds DDPM++, NCSN++ and ADM can be imported.", differs);
}

}  // namespace orrery::edm
