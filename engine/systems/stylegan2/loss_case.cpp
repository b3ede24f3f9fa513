#include <ATen/ops/full_like.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "engine/systems/stylegan2/case_networks.h"
#include "engine/systems/stylegan2/cases.h"
#include "engine/systems/stylegan2/training_case.h"

namespace orrery::stylegan2 {
namespace {

// What the published training loop reports per phase, by our names.
const std::map<std::string, std::map<std::string, std::string>>& reported_names() {
  static const std::map<std::string, std::map<std::string, std::string>> names{
      {"Gmain", {{"Loss_scores_fake", "scores.fake"}, {"Loss_G_loss", "loss"}}},
      {"Greg", {{"Loss_pl_penalty", "penalty"}, {"Loss_G_reg", "loss"}}},
      {"Dmain", {{"Loss_scores_fake", "scores.fake"}, {"Loss_scores_real", "scores.real"}, {"Loss_D_loss", "loss"}}},
      {"Dreg", {{"Loss_scores_real", "scores.real"}, {"Loss_r1_penalty", "penalty"}, {"Loss_D_reg", "loss"}}}};
  return names;
}

gan::AdversarialOptions options_from(const nlohmann::json& args) {
  gan::AdversarialOptions options;
  options.style_mixing = args.value("style_mixing_prob", 0.9);
  options.r1_gamma = args.value("r1_gamma", 10.0);
  options.pl_batch_shrink = args.value("pl_batch_shrink", 2);
  options.pl_decay = args.value("pl_decay", 0.01);
  options.pl_weight = args.value("pl_weight", 2.0);
  return options;
}

// The float64 runs started from the decimal number that the float32 input was rounded from (0.7, not 0.69999999).
double unrounded(float value) {
  std::array<char, 32> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  const auto digits = std::count_if(text.data(), end, [](char c) { return c >= '0' && c <= '9'; });
  double decimal = value;
  if (digits <= 6) std::from_chars(text.data(), end, decimal);
  return decimal;
}

void run_phase(parity::Case& reference, const std::string& published, const gan::AdversarialOptions& options, at::ScalarType dtype,
               const std::string& suffix) {
  const std::string name = phase_names().at(published);
  RecordedTraining training = recorded_training(
      reference, dtype, at::full_like(reference.in("in.pl_mean"), unrounded(reference.in("in.pl_mean").item<float>()), dtype));
  const gan::AdversarialObjective objective({}, options);
  const Phase phase = phase_named(objective, name);

  at::Tensor z = reference.in("in.gen_z"), c = reference.has("in.gen_c") ? reference.in("in.gen_c") : at::Tensor();
  if (name == "g.pl") {
    const auto count = z.size(0) / options.pl_batch_shrink;
    z = z.narrow(0, 0, count);
    if (c.defined()) c = c.narrow(0, 0, count);
  }
  const gan::GanDraws draws = recorded_draws(reference, published + ".", z, c, options.style_mixing, dtype);
  const at::Tensor real_c = reference.has("in.real_c") ? reference.in("in.real_c").to(dtype) : at::Tensor();
  gan::AdversarialObjective::Seen seen;
  const PhaseLoss loss = objective.evaluate(name, reference.in("in.real_img").to(dtype), real_c, draws, training.state, &seen);

  for (const auto& [recorded, ours] : reported_names().at(published))
    reference.report("out." + published + "." + recorded + suffix, seen.at(ours));
  if (name == "g.pl") reference.report("out." + published + ".pl_mean_after" + suffix, training.state.tensors.at("pl_mean"));
  const auto& g = dynamic_cast<const Generator&>(*training.state.modules.at("g"));
  if (name != "d.r1") reference.report("out." + published + ".w_avg_after" + suffix, g.w_average());

  at::Tensor total;
  for (const auto& [term, value] : loss.terms) total = total.defined() ? total + value.mean() : value.mean();
  const auto parameters = training.state.modules.at(phase.modules.front())->named_parameters();
  std::vector<at::Tensor> wanted;
  for (const auto& item : parameters) wanted.push_back(item.value());
  const auto gradients = torch::autograd::grad({total * phase.gain}, wanted, {}, false, false, /*allow_unused=*/true);
  std::size_t i = 0;
  for (const auto& item : parameters) {
    const at::Tensor gradient = gradients[i++];
    if (gradient.defined() || phase.all_gradients) {
      reference.report("grad." + published + "." + item.key() + suffix, gradient.defined() ? gradient : at::zeros_like(item.value()));
    }
  }
}

}  // namespace

void run_loss_case(parity::Case& reference) {
  const gan::AdversarialOptions options = options_from(reference.args().at("loss"));
  for (const auto& [published, name] : phase_names()) {
    run_phase(reference, published, options, at::kFloat, "");
    run_phase(reference, published, options, at::kDouble, "_f64");
  }
}

}  // namespace orrery::stylegan2
