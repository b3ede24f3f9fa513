#include <algorithm>

#include "engine/io/module_weights.h"
#include "engine/systems/stylegan2/case_networks.h"
#include "engine/systems/stylegan2/cases.h"
#include "engine/systems/stylegan2/training_case.h"
#include "engine/train/ema.h"
#include "engine/train/optimiser.h"

namespace orrery::stylegan2 {
namespace {

using Json = nlohmann::json;

struct Loop {
  parity::Case& reference;
  at::ScalarType dtype;
  gan::AdversarialOptions options;
  RecordedTraining training;
  std::int64_t batch, round_batch;

  at::Tensor input(const std::string& name) const { return reference.has(name) ? reference.in(name).to(dtype) : at::Tensor(); }
  static at::Tensor part(const at::Tensor& x, std::int64_t begin, std::int64_t count) {
    return x.defined() ? x.narrow(0, begin, count) : x;
  }

  // Gradients of all rounds are summed, as published (each round's loss is the mean over the round).
  void accumulate(const gan::AdversarialObjective& objective, const Phase& phase, const std::string& iteration,
                  const std::string& published) {
    const at::Tensor z = input("in." + iteration + "." + published + ".gen_z"), c = input("in." + iteration + "." + published + ".gen_c");
    const at::Tensor real = input("in." + iteration + ".real_img"), real_c = input("in." + iteration + ".real_c");
    for (std::int64_t round = 0; round * round_batch < batch; ++round) {
      const auto begin = round * round_batch;
      const auto count = phase.name == "g.pl" ? round_batch / options.pl_batch_shrink : round_batch;
      const std::string prefix = iteration + "." + published + ".r" + std::to_string(round) + ".";
      const gan::GanDraws draws =
          recorded_draws(reference, prefix, part(z, begin, count), part(c, begin, count), options.style_mixing, dtype);
      const PhaseLoss loss =
          objective.evaluate(phase.name, part(real, begin, round_batch), part(real_c, begin, round_batch), draws, training.state);
      at::Tensor total;
      for (const auto& [term, value] : loss.terms) total = total.defined() ? total + value.mean() : value.mean();
      (total * phase.gain).backward();
    }
  }
};

OptimiserConfig adam(const Json& args, const char* module, std::int64_t interval) {
  OptimiserConfig config;
  config.modules = {module};
  config.lr = args.at("lr").get<double>();
  config.beta1 = args.at("betas").at(0).get<double>();
  config.beta2 = args.at("betas").at(1).get<double>();
  config.eps = args.value("eps", 1e-8);
  config.lazy_interval = interval;
  return config;
}

void set_gradients(torch::nn::Module& module, bool wanted) {
  for (auto& parameter : module.parameters()) parameter.requires_grad_(wanted);
}

void run(parity::Case& reference, at::ScalarType dtype, const std::string& suffix) {
  const Json& args = reference.args();
  gan::AdversarialOptions options;
  options.style_mixing = args.value("style_mixing_prob", 0.9);
  options.r1_gamma = args.value("r1_gamma", 10.0);
  options.r1_interval = args.at("D_reg_interval").get<std::int64_t>();
  options.pl_interval = args.at("G_reg_interval").get<std::int64_t>();
  options.pl_batch_shrink = args.value("pl_batch_shrink", 2);
  options.pl_weight = args.value("pl_weight", 2.0);
  options.pl_decay = args.value("pl_decay", 0.01);
  const gan::AdversarialObjective objective({}, options);
  Loop loop{reference,
            dtype,
            options,
            recorded_training(reference, dtype, at::full({}, args.value("pl_mean", 0.0), at::TensorOptions().device(reference.device))),
            args.at("batch_size").get<std::int64_t>(),
            args.at("batch_gpu").get<std::int64_t>()};
  Optimiser optimiser({adam(args, "g", options.pl_interval), adam(args, "d", options.r1_interval)}, loop.training.state);

  const auto average = generator_from_args(args.at("G"));
  load(*average, with_prefix(reference.weights, "G_ema."));
  average->to(dtype);
  set_gradients(*average, false);
  EmaConfig ema;
  ema.half_life_kimg = args.at("ema_kimg").get<double>();
  ema.ramp_up = args.contains("ema_rampup") && args["ema_rampup"].is_number() ? args["ema_rampup"].get<double>() : 0.0;
  auto pictures = args.at("cur_nimg").get<std::int64_t>();

  const std::vector<std::string> order{"Gmain", "Greg", "Dmain", "Dreg"};
  for (std::int64_t step = 0; reference.has("in.it" + std::to_string(step) + ".real_img"); ++step) {
    const std::string iteration = "it" + std::to_string(step);
    for (const std::string& published : order) {
      const Phase phase = phase_named(objective, phase_names().at(published));
      if (step % phase.interval != 0) continue;
      for (auto& [name, module] : loop.training.state.modules) set_gradients(*module, name == phase.modules.front());
      loop.accumulate(objective, phase, iteration, published);
      optimiser.step(phase.modules, phase.all_gradients, 1.0);
    }
    const double beta = ema_beta(ema, loop.batch, pictures);
    reference.report("table.ema_beta_" + iteration, at::full({}, beta, at::kDouble));
    update_average(*average, *loop.training.state.modules.at("g"), beta);
    pictures += loop.batch;
  }

  const auto report = [&](const std::string& prefix, const torch::nn::Module& module) {
    for (const auto& [name, tensor] : io::named_weights(module)) reference.report("out." + prefix + "." + name + suffix, tensor);
  };
  report("G", *loop.training.state.modules.at("g"));
  report("D", *loop.training.state.modules.at("d"));
  report("G_ema", *average);
  reference.report("out.pl_mean" + suffix, loop.training.state.tensors.at("pl_mean"));
}

}  // namespace

void run_step_case(parity::Case& reference) {
  run(reference, at::kFloat, "");
  run(reference, at::kDouble, "_f64");
}

}  // namespace orrery::stylegan2
