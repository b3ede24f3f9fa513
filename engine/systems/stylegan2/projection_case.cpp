#include <ATen/ops/avg_pool2d.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include "engine/gan/projection.h"
#include "engine/systems/stylegan2/case_networks.h"
#include "engine/systems/stylegan2/cases.h"

namespace orrery::stylegan2 {

void run_projection_case(parity::Case& reference) {
  const nlohmann::json& args = reference.args();
  const auto g = generator_from_args(args.at("G"));
  load(*g, reference.weights);
  g->eval();
  for (auto& parameter : g->parameters()) parameter.requires_grad_(false);

  gan::ProjectionOptions options;
  options.steps = args.at("num_steps").get<std::int64_t>();
  options.learning_rate = args.value("initial_learning_rate", options.learning_rate);
  options.noise_factor = args.value("initial_noise_factor", options.noise_factor);
  options.ramp_up = args.value("lr_rampup_length", options.ramp_up);
  options.ramp_down = args.value("lr_rampdown_length", options.ramp_down);
  options.noise_ramp = args.value("noise_ramp_length", options.noise_ramp);
  options.noise_weight = args.value("regularize_noise_weight", options.noise_weight);

  // The recorded stand-in for a feature network: a linear map of 4x4 averages.
  const at::Tensor projection = reference.in("in.features");
  const auto features = [&](const at::Tensor& pictures) { return at::avg_pool2d(pictures / 255, {4, 4}).flatten(1).matmul(projection); };

  std::map<std::string, at::Tensor> noise;
  const std::string suffix = ".noise_const";
  for (const auto& [name, map] : with_prefix(reference.io, "in.noise_init.")) noise[name.substr(0, name.size() - suffix.size())] = map;
  const gan::WStatistics statistics = gan::w_statistics(*g, reference.in("in.z_samples").to(at::kFloat));
  gan::Projector projector(g, features, reference.in("in.target"), statistics, noise, options);
  std::vector<at::Tensor> pictures, ws;
  for (std::int64_t step = 0; step < options.steps; ++step) {
    pictures.push_back(projector.step(reference.in("in.w_noise")[step]));
    ws.push_back(projector.w().unsqueeze(0).expand({g->shape().num_ws, -1}));
  }
  reference.report("tap.img", at::stack(pictures));
  reference.report("out.w", at::stack(ws));
  for (const auto& [name, map] : projector.noise()) reference.report("out.noise." + name + suffix, map);

  // The schedules of a default run.
  const gan::ProjectionOptions standard;
  std::vector<double> rates, scales;
  for (std::int64_t step = 0; step < standard.steps; ++step) {
    rates.push_back(gan::projection_learning_rate(step, standard));
    scales.push_back(gan::projection_noise_scale(step, standard));
  }
  reference.report("table.lr_1000", at::tensor(rates, at::kDouble));
  reference.report("table.noise_scale_1000", at::tensor(scales, at::kDouble));
}

}  // namespace orrery::stylegan2
