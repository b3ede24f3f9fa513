#include <torch/csrc/autograd/autograd.h>

#include "engine/diffusion/denoising_objective.h"
#include "engine/systems/edm/cases.h"

namespace orrery::edm {
namespace {

using diffusion::DenoisingDraws;
using diffusion::DenoisingObjective;

diffusion::NoiseLaw law_in(const parity::Case& reference) {
  const std::string what = reference.meta.value("what", "");
  if (what.rfind("VPLoss", 0) == 0) return diffusion::NoiseLaw::vp;
  if (what.rfind("VELoss", 0) == 0) return diffusion::NoiseLaw::ve;
  return diffusion::NoiseLaw::edm;
}

void run(parity::Case& reference, const DenoisingObjective& objective, at::ScalarType type, const std::string& suffix) {
  const auto kind = precondition_in(reference.args().value("precond", "EDMPrecond"));
  const auto net = loaded_denoiser(reference, kind, type);
  DenoisingDraws draws;
  draws.level = input(reference, "in.sigma_draw" + suffix, type);
  draws.noise = input(reference, "in.noise" + suffix, type);
  draws.keep = input(reference, "in.label_dropout_draw" + suffix, type);
  if (!suffix.empty()) draws.augment = input(reference, "in.augment_labels", type);
  const at::Tensor images = input(reference, "in.images", type);
  const at::Tensor map = objective.loss_map(*net, images, input(reference, "in.class_labels", type), draws);
  reference.report("out.loss_map" + suffix + (type == at::kDouble ? "_f64" : ""), map.detach());
  if (type == at::kDouble) return;
  const at::Tensor loss = map.sum() / static_cast<double>(images.size(0));
  reference.report("out.loss" + suffix, loss.detach());
  if (!suffix.empty()) return;

  std::vector<at::Tensor> wanted;
  std::vector<std::string> names;
  for (const auto& item : net->named_parameters()) {
    wanted.push_back(item.value());
    names.push_back(item.key());
  }
  const auto gradients = torch::autograd::grad({loss}, wanted, {}, false, false, /*allow_unused=*/true);
  std::map<std::string, at::Tensor> by_name;
  for (std::size_t i = 0; i < names.size(); ++i) by_name[names[i]] = gradients[i].defined() ? gradients[i] : at::zeros_like(wanted[i]);
  for (const auto& [name, gradient] : by_name) reference.report("grad." + name, gradient);
  std::vector<at::Tensor> norms;
  for (const auto& name : reference.args().value("grad_order", nlohmann::json::array())) norms.push_back(by_name.at(name.get<std::string>()).norm());
  if (!norms.empty()) reference.report("grad.norm", at::stack(norms));
}

}  // namespace

void run_loss_case(parity::Case& reference) {
  diffusion::DenoisingOptions options;
  options.noise.law = law_in(reference);
  options.drop_classes = reference.args().value("label_dropout", 0.0);
  const DenoisingObjective objective({}, options);
  for (const std::string suffix : {"", "_aug"}) {
    if (!reference.has("in.noise" + suffix)) continue;
    run(reference, objective, at::kFloat, suffix);
    run(reference, objective, at::kDouble, suffix);
  }
}

}  // namespace orrery::edm
