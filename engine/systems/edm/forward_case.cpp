#include <torch/csrc/autograd/autograd.h>

#include "engine/io/module_weights.h"
#include "engine/systems/edm/cases.h"

namespace orrery::edm {
namespace {

using diffusion::Precondition;
using Net = diffusion::PreconditionedDenoiser;

// Recorded taps are numbered in the order of computation: "tap.006.model.enc.8x8_block0".
LayerTap numbered_tap(parity::Case& reference) {
  std::map<std::string, std::string> full;
  const std::string kind = "tap.";
  for (const auto& [name, tensor] : reference.io)
    if (name.rfind(kind, 0) == 0) full[name.substr(name.find('.', kind.size()) + 1)] = name;
  return [full, &reference](const std::string& name, const at::Tensor& y) {
    if (const auto found = full.find("model." + name); found != full.end()) reference.report(found->second, y);
  };
}

void report_gradients(parity::Case& reference, Net& net, const at::Tensor& x, const at::Tensor& out) {
  if (!reference.has("in.cotangent")) return;
  const auto parameters = net.named_parameters();
  std::vector<at::Tensor> wanted{x};
  std::vector<std::string> names{"input"};
  for (const auto& item : parameters) {
    wanted.push_back(item.value());
    names.push_back(item.key());
  }
  const auto gradients = torch::autograd::grad({(out * reference.in("in.cotangent")).sum()}, wanted, {}, false, false, /*allow_unused=*/true);
  std::map<std::string, at::Tensor> by_name;
  for (std::size_t i = 0; i < names.size(); ++i) by_name[names[i]] = gradients[i].defined() ? gradients[i] : at::zeros_like(wanted[i]);
  for (const auto& [name, gradient] : by_name) reference.report("grad." + name, gradient);
  std::vector<at::Tensor> norms;
  for (const auto& name : reference.args().value("grad_order", nlohmann::json::array())) norms.push_back(by_name.at(name.get<std::string>()).norm());
  if (!norms.empty()) reference.report("grad.norm", at::stack(norms));
}

void run(parity::Case& reference, Net& net, const std::string& name, at::ScalarType type, bool first, bool last) {
  const at::Tensor x = input(reference, "in.x", type).detach().requires_grad_(last), sigma = input(reference, "in.sigma", type);
  Condition all{input(reference, "in.class_labels", type), input(reference, "in.augment_labels", type)};
  const std::string suffix = type == at::kDouble ? "_f64" : "";
  const at::Tensor out = net.denoise_tapped(x, sigma, all, first ? numbered_tap(reference) : LayerTap());
  reference.report("out." + name + suffix, out.detach());
  if (last) report_gradients(reference, net, x, out);
  if (type == at::kDouble) return;
  const at::NoGradGuard no_grad;
  reference.report("out." + name + "_nolabel", net.denoise(x, sigma, {{}, all.augment}));
  reference.report("out." + name + "_noaug", net.denoise(x, sigma, {all.classes, {}}));
}

}  // namespace

void run_forward_case(parity::Case& reference) {
  std::vector<std::pair<std::string, Precondition>> kinds;
  for (const char* name : {"edm", "vp", "ve", "iddpm"})
    if (reference.has("out." + std::string(name))) kinds.emplace_back(name, diffusion::precondition_from_name(name));
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto& [name, kind] = kinds[i];
    run(reference, *loaded_denoiser(reference, kind, at::kFloat), name, at::kFloat, i == 0, i + 1 == kinds.size());
    run(reference, *loaded_denoiser(reference, kind, at::kDouble), name, at::kDouble, false, false);
  }
}

}  // namespace orrery::edm
