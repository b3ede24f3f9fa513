#include "engine/diffusion/ddpm_case_tools.h"

#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>
#include <torch/csrc/autograd/autograd.h>

#include "engine/api/result.h"
#include "engine/io/module_weights.h"
#include "engine/parity/arguments.h"

namespace orrery::diffusion {

nn::DdpmUnetOptions unet_options(const nlohmann::json& json, std::int64_t resolution_px) {
  nn::DdpmUnetOptions o;
  parity::Arguments args(json, "args");
  if (resolution_px > 0) o.resolution_px = resolution_px;
  args.read("resolution", o.resolution_px);
  args.read("in_channels", o.in_channels);
  args.read("out_ch", o.out_channels);
  args.read("ch", o.channels);
  args.read("ch_mult", o.channel_mult);
  args.read("num_res_blocks", o.num_blocks);
  args.read("attn_resolutions", o.attn_resolutions);
  args.read("dropout", o.dropout);
  args.read("resamp_with_conv", o.resample_with_conv);
  std::string type = "simple";  // of the training loop
  args.read("type", type);
  if (type != "simple") throw Error(ErrorCode::bad_input, "A model of type " + type + " is not known here.");
  args.done();
  return o;
}

std::shared_ptr<nn::DdpmUnet> loaded_unet(const parity::Case& reference, const nn::DdpmUnetOptions& options, at::ScalarType type) {
  const auto network = std::make_shared<nn::DdpmUnet>(options);
  io::load_weights(*network, reference.other_weights.empty() ? reference.weights : reference.other_weights.begin()->second);
  network->to(at::Device(reference.device), type);
  network->eval();
  return network;
}

std::shared_ptr<DiscreteDenoiser> discrete_denoiser(std::shared_ptr<nn::DdpmUnet> network, std::vector<double> alpha_bars, const nn::DdpmUnetOptions& options) {
  DenoiserShape shape;
  shape.sample = {options.in_channels, options.resolution_px, options.resolution_px};
  return std::make_shared<DiscreteDenoiser>(std::move(network), std::move(alpha_bars), shape);
}

at::Tensor table_of(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

std::vector<double> values_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kCPU, at::kDouble).contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

std::vector<std::int64_t> whole_values_of(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.to(at::kCPU, at::kLong).contiguous();
  return {flat.data_ptr<std::int64_t>(), flat.data_ptr<std::int64_t>() + flat.numel()};
}

std::vector<double> falling_ladder(const std::vector<double>& alpha_bars, const std::vector<std::int64_t>& ascending, double end) {
  std::vector<double> ladder;
  for (auto it = ascending.rbegin(); it != ascending.rend(); ++it) ladder.push_back(alpha_bars.at(static_cast<std::size_t>(*it)));
  ladder.push_back(end);
  return ladder;
}

std::map<std::string, at::Tensor> gradients_of(const at::Tensor& value, torch::nn::Module& module) {
  std::vector<at::Tensor> wanted;
  std::vector<std::string> names;
  for (const auto& item : module.named_parameters()) {
    names.push_back(item.key());
    wanted.push_back(item.value());
  }
  const auto list = torch::autograd::grad({value}, wanted, {}, /*retain_graph=*/true, false, /*allow_unused=*/true);
  std::map<std::string, at::Tensor> gradients;
  for (std::size_t i = 0; i < names.size(); ++i) gradients[names[i]] = list[i].defined() ? list[i] : at::zeros_like(wanted[i]);
  return gradients;
}

at::Tensor gradient_norms(const std::map<std::string, at::Tensor>& gradients, const std::vector<std::string>& order, at::ScalarType type) {
  std::vector<at::Tensor> norms;
  for (const auto& name : order) norms.push_back(gradients.at(name).to(at::kDouble).norm());
  return at::stack(norms).to(type);
}

}  // namespace orrery::diffusion
