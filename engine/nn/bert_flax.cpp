// Names and layouts of the published flax weights.
#include <ATen/ops/cat.h>

#include "engine/api/result.h"
#include "engine/nn/bert_transformer.h"

namespace orrery::nn {
namespace {

enum class Layout { same, dense, qkv_kernel, qkv_bias, out_kernel };

struct Entry {
  std::string flax, own;
  Layout layout = Layout::same;
  int part = -1;  // of three in one of ours: query, key, value
};

std::vector<Entry> entries(const BertOptions& o) {
  std::vector<Entry> list{{"Embed_0/word_embeddings/embedding", "words.weight"}, {"Embed_0/position_embeddings/embedding", "positions.weight"}};
  const auto norm = [&](const std::string& flax, const std::string& own) {
    list.push_back({flax + "/scale", own + ".weight"});
    list.push_back({flax + "/bias", own + ".bias"});
  };
  const auto linear = [&](const std::string& flax, const std::string& own, Layout layout = Layout::dense) {
    list.push_back({flax + "/kernel", own + ".weight", layout});
    list.push_back({flax + "/bias", own + ".bias"});
  };
  norm("Embed_0/embeddings_ln", "norm_in");
  for (std::int64_t i = 0; i < o.layers; ++i) {
    const std::string flax = "TransformerLayer_" + std::to_string(i) + "/", own = "layers." + std::to_string(i) + ".";
    int part = 0;
    for (const char* which : {"query", "key", "value"}) {
      const std::string module = flax + "Attention_0/self_attention/" + which;
      list.push_back({module + "/kernel", own + "qkv.weight", Layout::qkv_kernel, part});
      list.push_back({module + "/bias", own + "qkv.bias", Layout::qkv_bias, part++});
    }
    linear(flax + "Attention_0/self_attention/out", own + "attention_out", Layout::out_kernel);
    norm(flax + "Attention_0/attention_output_ln", own + "attention_norm");
    linear(flax + "Mlp_0/intermediate_output", own + "mlp_in");
    linear(flax + "Mlp_0/layer_output", own + "mlp_out");
    norm(flax + "Mlp_0/layer_output_ln", own + "mlp_norm");
  }
  linear("MlmLayer_0/mlm_dense", "head.dense");
  norm("MlmLayer_0/mlm_ln", "head.norm");
  list.push_back({"MlmLayer_0/mlm_bias/bias", "head.bias"});
  return list;
}

const at::Tensor& find(const std::map<std::string, at::Tensor>& weights, const std::string& name) {
  const auto found = weights.find(name);
  if (found == weights.end()) throw Error(ErrorCode::bad_input, "The weights lack " + name + ".", "Nothing was changed.");
  return found->second;
}

}  // namespace

std::map<std::string, at::Tensor> bert_from_flax(const std::map<std::string, at::Tensor>& weights, const BertOptions& options) {
  std::map<std::string, at::Tensor> out;
  std::map<std::string, std::vector<at::Tensor>> parts;
  std::size_t used = 0;
  for (const auto& entry : entries(options)) {
    const at::Tensor& w = find(weights, "params/" + entry.flax);
    ++used;
    switch (entry.layout) {
      case Layout::same: out[entry.own] = w; break;
      case Layout::dense: out[entry.own] = w.t().contiguous(); break;
      case Layout::out_kernel: out[entry.own] = w.flatten(0, 1).t().contiguous(); break;
      case Layout::qkv_kernel: parts[entry.own].push_back(w.flatten(1).t()); break;
      case Layout::qkv_bias: parts[entry.own].push_back(w.flatten()); break;
    }
  }
  for (const auto& [name, list] : parts) out[name] = at::cat(list);
  if (used != weights.size()) {
    for (const auto& [name, tensor] : weights) {
      bool known = false;
      for (const auto& entry : entries(options)) known = known || name == "params/" + entry.flax;
      if (!known) throw Error(ErrorCode::bad_input, "The weights hold " + name + ", which this network does not have.", "Nothing was changed.");
    }
  }
  return out;
}

std::map<std::string, at::Tensor> bert_to_flax(const std::map<std::string, at::Tensor>& weights, const BertOptions& options) {
  const auto width = options.width, heads = options.heads;
  std::map<std::string, at::Tensor> out;
  for (const auto& entry : entries(options)) {
    at::Tensor w = find(weights, entry.own);
    if (entry.part >= 0) w = w.narrow(0, entry.part * width, width);
    switch (entry.layout) {
      case Layout::same: break;
      case Layout::dense: w = w.t(); break;
      case Layout::out_kernel: w = w.t().reshape({heads, width / heads, width}); break;
      case Layout::qkv_kernel: w = w.t().reshape({width, heads, width / heads}); break;
      case Layout::qkv_bias: w = w.reshape({heads, width / heads}); break;
    }
    out["params/" + entry.flax] = w;
  }
  return out;
}

}  // namespace orrery::nn
