// Names and layouts of the published flax weights of MaskGIT's tokenizer.
#include "engine/api/result.h"
#include "engine/nn/vqgan.h"

namespace orrery::nn {
namespace {

struct Pair {
  std::string own, flax;
  enum class What { conv, norm, block } what = What::conv;
  bool bias = false;      // of a convolution
  bool shortcut = false;  // of a block
};

// In the order in which flax numbers them: that of use.
std::vector<Pair> pairs(const VqganOptions& o) {
  std::vector<Pair> list;
  const auto side = [&](const std::string& own, auto fill) {
    int convs = 0, blocks = 0;
    const auto conv = [&](const std::string& name, bool bias) { list.push_back({own + "." + name, own + "/Conv_" + std::to_string(convs++), Pair::What::conv, bias}); };
    const auto block = [&](const std::string& name, bool shortcut) { list.push_back({own + "." + name, own + "/ResBlock_" + std::to_string(blocks++), Pair::What::block, false, shortcut}); };
    fill(conv, block);
    list.push_back({own + ".norm_out", own + (o.layer_norm ? "/LayerNorm_0" : "/GroupNorm_0"), Pair::What::norm});
  };
  side("encoder", [&](const auto& conv, const auto& block) {
    conv("conv_in", false);
    std::int64_t in = o.width;
    for (std::size_t i = 0; i < o.multipliers.size(); ++i) {
      const std::string level = "down." + std::to_string(i);
      const auto out = o.width * o.multipliers[i];
      for (std::int64_t k = 0; k < o.blocks; ++k, in = out) block(level + ".block." + std::to_string(k), in != out);
      if (i + 1 < o.multipliers.size() && o.strided_down) conv(level + ".downsample", true);
    }
    for (std::int64_t k = 0; k < o.blocks; ++k) block("mid." + std::to_string(k), false);
    conv("conv_out", true);
  });
  side("decoder", [&](const auto& conv, const auto& block) {
    conv("conv_in", true);
    std::int64_t in = o.width * o.multipliers.back();
    for (std::int64_t k = 0; k < o.blocks; ++k) block("mid." + std::to_string(k), false);
    for (std::size_t i = o.multipliers.size(); i-- > 0;) {
      const std::string level = "up." + std::to_string(i);
      const auto out = o.width * o.multipliers[i];
      for (std::int64_t k = 0; k < o.blocks; ++k, in = out) block(level + ".block." + std::to_string(k), in != out);
      if (i > 0) conv(level + ".upsample_conv", true);
    }
    conv("conv_out", true);
  });
  return list;
}

struct Entry {
  std::string own, flax;
  bool kernel = false;
};

std::vector<Entry> entries(const VqganOptions& o) {
  std::vector<Entry> list;
  const std::string norm = o.layer_norm ? "/LayerNorm_" : "/GroupNorm_";
  const auto conv = [&](const std::string& own, const std::string& flax, bool bias) {
    list.push_back({own + ".weight", flax + "/kernel", true});
    if (bias) list.push_back({own + ".bias", flax + "/bias"});
  };
  const auto scale = [&](const std::string& own, const std::string& flax) {
    list.push_back({own + ".weight", flax + "/scale"});
    list.push_back({own + ".bias", flax + "/bias"});
  };
  for (const auto& pair : pairs(o)) {
    if (pair.what == Pair::What::conv) conv(pair.own, pair.flax, pair.bias);
    if (pair.what == Pair::What::norm) scale(pair.own, pair.flax);
    if (pair.what != Pair::What::block) continue;
    scale(pair.own + ".norm1", pair.flax + norm + "0");
    conv(pair.own + ".conv1", pair.flax + "/Conv_0", false);
    scale(pair.own + ".norm2", pair.flax + norm + "1");
    conv(pair.own + ".conv2", pair.flax + "/Conv_1", false);
    if (pair.shortcut) conv(pair.own + ".nin_shortcut", pair.flax + "/Conv_2", false);
  }
  list.push_back({"quantize.embedding.weight", "quantizer/codebook"});
  return list;
}

const at::Tensor& find(const std::map<std::string, at::Tensor>& weights, const std::string& name) {
  const auto found = weights.find(name);
  if (found == weights.end()) throw Error(ErrorCode::bad_input, "The weights lack " + name + ".", "Nothing was changed.");
  return found->second;
}

}  // namespace

std::map<std::string, at::Tensor> vqgan_from_flax(const std::map<std::string, at::Tensor>& weights, const VqganOptions& options) {
  std::map<std::string, at::Tensor> out, left = weights;
  for (const auto& entry : entries(options)) {
    const std::string name = "params/" + entry.flax;
    const at::Tensor& w = find(weights, name);
    if (entry.kernel && w.dim() != 4) throw Error(ErrorCode::bad_input, name + " is no kernel of a convolution.", "Nothing was changed.");
    out[entry.own] = entry.kernel ? w.permute({3, 2, 0, 1}).contiguous() : w;
    left.erase(name);
  }
  if (!left.empty()) throw Error(ErrorCode::bad_input, "The weights hold " + left.begin()->first + ", which this network does not have.", "Nothing was changed.");
  return out;
}

std::map<std::string, at::Tensor> vqgan_to_flax(const std::map<std::string, at::Tensor>& weights, const VqganOptions& options) {
  std::map<std::string, at::Tensor> out;
  for (const auto& entry : entries(options)) {
    const at::Tensor& w = find(weights, entry.own);
    out["params/" + entry.flax] = entry.kernel ? w.permute({2, 3, 1, 0}) : w;
  }
  return out;
}

std::map<std::string, std::string> vqgan_flax_modules(const VqganOptions& options) {
  std::map<std::string, std::string> out;
  for (const auto& pair : pairs(options)) out[pair.own] = pair.flax;
  return out;
}

}  // namespace orrery::nn
