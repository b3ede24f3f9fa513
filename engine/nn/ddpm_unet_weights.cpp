#include "engine/nn/ddpm_unet_weights.h"

namespace orrery::nn {

std::optional<DdpmUnetOptions> ddpm_unet_options(const std::map<std::string, at::Tensor>& weights, std::int64_t resolution_px) {
  const auto find = [&](const std::string& name) -> const at::Tensor* {
    const auto found = weights.find(name);
    return found != weights.end() && found->second.dim() == 4 ? &found->second : nullptr;
  };
  const at::Tensor *in = find("conv_in.weight"), *out = find("conv_out.weight");
  if (!in || !out || !weights.count("temb.dense.0.weight") || !find("mid.attn_1.q.weight")) return std::nullopt;
  DdpmUnetOptions o;
  o.resolution_px = resolution_px;
  o.in_channels = in->size(1);
  o.out_channels = out->size(0);
  o.channels = in->size(0);
  o.channel_mult.clear();
  o.attn_resolutions.clear();
  o.num_blocks = 0;
  o.resample_with_conv = find("down.0.downsample.conv.weight") != nullptr || !find("down.1.block.0.conv1.weight");
  for (std::int64_t level = 0;; ++level) {
    const std::string name = "down." + std::to_string(level);
    const at::Tensor* first = find(name + ".block.0.conv1.weight");
    if (!first) break;
    if (first->size(0) % o.channels != 0) return std::nullopt;
    o.channel_mult.push_back(first->size(0) / o.channels);
    if (find(name + ".attn.0.q.weight")) o.attn_resolutions.push_back(resolution_px >> level);
    if (level == 0)
      while (find(name + ".block." + std::to_string(o.num_blocks) + ".conv1.weight")) ++o.num_blocks;
  }
  if (o.channel_mult.empty() || o.num_blocks < 1) return std::nullopt;
  return o;
}

}  // namespace orrery::nn
