#include <ATen/ops/tensor.h>

#include <cmath>
#include <set>

#include "engine/api/result.h"
#include "engine/gan/stylegan2_recipe.h"
#include "engine/io/module_weights.h"
#include "engine/systems/stylegan2/cases.h"
#include "engine/train/ema.h"
#include "engine/train/optimiser.h"

namespace orrery::stylegan2 {
namespace {

using Json = nlohmann::json;

// The published name of a configuration is the longest key of args.configs that its name begins with; "auto" is computed.
gan::StyleGan2NetworkConfig network_of(const parity::Case& reference, const std::string& name, const Json& shapes) {
  const at::Tensor channels = reference.in("table." + name + ".channels");
  gan::StyleGan2NetworkConfig network;
  network.resolution_px = channels[-1][0].item<std::int64_t>();
  if (shapes.contains("c_dim") && shapes["c_dim"].is_number())
    network.classes = shapes["c_dim"].get<std::int64_t>();
  else if (shapes.at("G").contains("mapping.embed.weight"))
    network.classes = shapes["G"]["mapping.embed.weight"].at(1).get<std::int64_t>();
  std::string best;
  for (const auto& [key, config] : reference.args().at("configs").items()) {
    if (name.rfind(key, 0) == 0 && key.size() > best.size()) best = key;
  }
  if (best.empty()) {
    const gan::AutoSettings settings = gan::auto_settings(network.resolution_px, 1);
    network.channel_base = settings.channel_base;
    network.mapping_layers = settings.mapping_layers;
    return network;
  }
  const Json& config = reference.args()["configs"][best];
  network.channel_base = static_cast<std::int64_t>(config.at("fmaps").get<double>() * 32768);
  network.mapping_layers = config.at("mapping_layers").get<std::int64_t>();
  network.mbstd_group = config.at("mbstd").get<std::int64_t>();
  if (best == "cifar") network.architecture_d = "orig";
  return network;
}

std::int64_t check_shapes(const torch::nn::Module& module, const Json& shapes, const std::string& name) {
  std::set<std::string> seen;
  for (const auto& [key, tensor] : io::named_weights(module)) {
    if (!shapes.contains(key)) throw Error(ErrorCode::failed, name + " has " + key + ", which the published network does not have.");
    if (shapes[key].get<std::vector<std::int64_t>>() != tensor.sizes().vec())
      throw Error(ErrorCode::failed, name + "." + key + " has another shape than published.");
    seen.insert(key);
  }
  for (const auto& [key, shape] : shapes.items()) {
    if (seen.count(key) == 0) throw Error(ErrorCode::failed, name + " lacks " + key + ".");
  }
  std::int64_t count = 0;
  for (const auto& parameter : module.parameters()) count += parameter.numel();
  return count;
}

void check_networks(parity::Case& reference) {
  for (const auto& [name, shapes] : reference.args().at("state_dicts").items()) {
    const gan::StyleGan2NetworkConfig network = network_of(reference, name, shapes);
    const auto g = gan::make_stylegan2_generator(network);
    const std::int64_t in_g = check_shapes(*g, shapes.at("G"), name + " G");
    reference.report("table." + name + ".num_ws", at::full({}, g->shape().num_ws, at::kLong));
    std::vector<std::int64_t> rows;
    for (const auto& block : g->synthesis->blocks()) {
      rows.push_back(block->resolution_px);
      rows.push_back(block->conv1->weight.size(0));
    }
    reference.report("table." + name + ".channels", at::tensor(rows, at::kLong).view({-1, 2}));
    const std::int64_t in_d = check_shapes(*gan::make_stylegan2_discriminator(network), shapes.at("D"), name + " D");
    reference.report("table." + name + ".param_count", at::tensor(std::vector<std::int64_t>{in_g, in_d}, at::kLong));
  }
}

}  // namespace

void run_tables_case(parity::Case& reference) {
  check_networks(reference);
  for (const std::int64_t interval : {4, 16}) {
    const auto corrected = [&](double lr) {
      OptimiserConfig c;
      c.lr = lr;
      c.lazy_interval = interval;
      return corrected_adam(c);
    };
    const auto a = corrected(0.002), b = corrected(0.0025);
    reference.report("table.lazy_" + std::to_string(interval), at::tensor(std::vector<double>{a.lr, b.lr, a.beta2}, at::kDouble));
  }
  if (reference.has("table.auto")) {
    std::vector<double> rows;
    const at::Tensor recorded = reference.in("table.auto");
    for (std::int64_t i = 0; i < recorded.size(0); ++i) {
      const auto resolution = recorded[i][0].item<double>(), devices = recorded[i][1].item<double>();
      const auto s = gan::auto_settings(static_cast<std::int64_t>(resolution), static_cast<std::int64_t>(devices));
      for (const double value : {resolution, devices, static_cast<double>(s.batch), static_cast<double>(s.mbstd_group),
                                 static_cast<double>(s.channel_base) / 32768, s.learning_rate, s.r1_gamma, s.ema_kimg}) {
        rows.push_back(value);
      }
    }
    reference.report("table.auto", at::tensor(rows, at::kDouble).view({-1, 8}));
  }
  if (reference.has("table.ema_beta")) {
    std::vector<double> rows;
    const at::Tensor recorded = reference.in("table.ema_beta");
    for (std::int64_t i = 0; i < recorded.size(0); ++i) {
      const double batch = recorded[i][0].item<double>(), kimg = recorded[i][1].item<double>(), seen = recorded[i][2].item<double>(),
                   ramp = recorded[i][3].item<double>();
      rows.insert(rows.end(),
                  {batch, kimg, seen, ramp, ema_beta({kimg, ramp}, static_cast<std::int64_t>(batch), static_cast<std::int64_t>(seen))});
    }
    reference.report("table.ema_beta", at::tensor(rows, at::kDouble).view({-1, 5}));
  }
}

}  // namespace orrery::stylegan2
