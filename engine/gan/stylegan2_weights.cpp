#include "engine/gan/stylegan2_weights.h"

#include <algorithm>

#include "engine/api/result.h"

namespace orrery::gan {
namespace {

using Json = nlohmann::json;
using Weights = std::map<std::string, at::Tensor>;

const at::Tensor* find(const Weights& weights, const std::string& name, std::int64_t dimensions) {
  const auto found = weights.find(name);
  return found != weights.end() && found->second.dim() == dimensions ? &found->second : nullptr;
}

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorCode::bad_input, "These are weights of a StyleGAN2 generator, but " + why + ".", "Nothing was written.", "Import a generator of the published configurations.");
}

// A value somewhere in the arguments; null when it is not there.
Json hint(const Json& hints, const char* group, const char* name) {
  if (!hints.is_object()) return nullptr;
  const auto inner = hints.find(group);
  if (inner == hints.end() || !inner->is_object()) return nullptr;
  const auto found = inner->find(name);
  return found == inner->end() ? Json(nullptr) : *found;
}

// channels = min(base / resolution, max), solved for base and max. `widths` by ascending resolution from 4 px on.
void set_channels(StyleGan2NetworkConfig& network, const std::vector<std::int64_t>& widths) {
  network.channel_max = *std::max_element(widths.begin(), widths.end());
  network.channel_base = std::max<std::int64_t>(network.channel_max * network.resolution_px, 64);  // all at the maximum
  for (std::size_t i = 0; i < widths.size(); ++i)
    if (widths[i] < network.channel_max) {
      network.channel_base = widths[i] * (std::int64_t{4} << i);
      break;
    }
  for (std::size_t i = 0; i < widths.size(); ++i)
    if (nn::channels_at(std::int64_t{4} << i, network.channel_base, network.channel_max) != widths[i]) refuse("their channel counts follow no rule that this program knows");
}

}  // namespace

std::optional<StyleGan2Config> stylegan2_from_weights(const Weights& weights, const Json& hints) {
  const at::Tensor* constant = find(weights, "synthesis.b4.const", 3);
  const at::Tensor* first = find(weights, "mapping.fc0.weight", 2);
  const at::Tensor* affine = find(weights, "synthesis.b4.conv1.affine.weight", 2);
  if (!constant || !first || !affine) return std::nullopt;

  StyleGan2Config config;
  auto& network = config.network;
  network.w_dim = affine->size(1);
  std::vector<std::int64_t> widths;
  for (std::int64_t px = 4; px <= 4096; px *= 2) {
    const at::Tensor* conv = find(weights, "synthesis.b" + std::to_string(px) + ".conv1.weight", 4);
    if (!conv) break;
    widths.push_back(conv->size(0));
    network.resolution_px = px;
  }
  const std::string last = "synthesis.b" + std::to_string(network.resolution_px);
  const at::Tensor* rgb = find(weights, last + ".torgb.weight", 4);
  if (widths.empty() || !rgb) return std::nullopt;
  set_channels(network, widths);
  network.channels = rgb->size(0);
  network.architecture_g = weights.count("synthesis.b8.skip.weight") ? "resnet" : network.resolution_px > 4 && !weights.count("synthesis.b4.torgb.weight") ? "orig" : "skip";
  network.noise = weights.count("synthesis.b4.conv1.noise_const") != 0;

  network.mapping_layers = 1;
  while (find(weights, "mapping.fc" + std::to_string(network.mapping_layers) + ".weight", 2)) ++network.mapping_layers;
  if (network.mapping_layers > 1 && first->size(0) != network.w_dim) network.mapping_width = first->size(0);
  network.z_dim = first->size(1);
  network.classes = 0;
  if (const at::Tensor* embed = find(weights, "mapping.embed.weight", 2)) {
    network.classes = embed->size(1);
    network.z_dim -= embed->size(0);  // the mapping network sees both, one after the other
    if (embed->size(0) != network.w_dim) network.embed_width = embed->size(0);
  }
  if (network.z_dim < 1) refuse("they need no latent, which this program cannot play");

  const Json clamp = hint(hints, "synthesis_kwargs", "conv_clamp");
  network.conv_clamp = clamp.is_number() ? std::optional<double>(clamp.get<double>()) : std::nullopt;
  if (const Json lr = hint(hints, "mapping_kwargs", "lr_multiplier"); lr.is_number()) network.mapping_lr = lr.get<double>();
  for (const char* group : {"mapping_kwargs", "synthesis_kwargs"})
    if (const Json activation = hint(hints, group, "activation"); activation.is_string() && activation != "lrelu") refuse("their activation is " + activation.get<std::string>() + ", not lrelu");

  DataShape shape;
  shape.resolution_px = network.resolution_px;
  shape.channels = network.channels;
  shape.classes = network.classes;
  try {
    resolve_stylegan2(config, shape);
  } catch (const Error& error) {
    refuse(std::string("their sizes are outside of what it may be: ") + error.what());
  }
  return config;
}

}  // namespace orrery::gan
