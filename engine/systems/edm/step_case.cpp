#include <ATen/Parallel.h>

#include "engine/diffusion/denoising_objective.h"
#include "engine/systems/edm/cases.h"
#include "engine/train/ema.h"
#include "engine/train/optimiser.h"

namespace orrery::edm {
namespace {

// As the case was recorded: the biases of attention's keys have gradients that are zero but for rounding, and Adam makes steps of full length of
// them, so their numbers hold only for sums in the same order.
class OneThread {
 public:
  OneThread() : before_(at::get_num_threads()) { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
};

OptimiserConfig adam_of(const nlohmann::json& args) {
  const auto& given = args.at("optimizer");
  OptimiserConfig config;
  config.modules = {"net"};
  config.lr = given.at("lr").get<double>();
  config.beta1 = given.at("betas").at(0).get<double>();
  config.beta2 = given.at("betas").at(1).get<double>();
  config.eps = given.at("eps").get<double>();
  config.ramp_up_kimg = args.at("lr_rampup_kimg").get<double>();
  return config;
}

EmaConfig ema_of(const nlohmann::json& args) { return {args.at("ema_halflife_kimg").get<double>(), args.at("ema_rampup_ratio").get<double>()}; }

at::Tensor norms(const torch::nn::Module& module, const nlohmann::json& order) {
  const auto parameters = module.named_parameters();
  std::vector<at::Tensor> list;
  for (const auto& name : order) list.push_back(parameters[name.get<std::string>()].detach().norm());
  return at::stack(list);
}

// Learning rate and average's share of the published configuration, for batches and counts of pictures in the first two columns.
void official_table(parity::Case& reference) {
  const std::string name = "table.official_batch_nimg_lr_beta";
  if (!reference.has(name)) return;
  OptimiserConfig adam;
  adam.lr = 1e-3;
  adam.ramp_up_kimg = 10000.0;
  const EmaConfig ema{500.0, 0.05};
  at::Tensor table = reference.io.at(name).clone();
  for (std::int64_t row = 0; row < table.size(0); ++row) {
    const auto batch = table[row][0].item<std::int64_t>(), seen = table[row][1].item<std::int64_t>();
    table[row][2] = adam.lr * ramp_up(adam, static_cast<double>(seen));
    table[row][3] = ema_beta(ema, batch, seen);
  }
  reference.report(name, table);
}

}  // namespace

void run_step_case(parity::Case& reference) {
  const OneThread as_recorded;
  const auto& args = reference.args();
  const auto kind = precondition_in(args.value("precond", "EDMPrecond"));
  const auto net = loaded_denoiser(reference, kind, at::kFloat), average = loaded_denoiser(reference, kind, at::kFloat);
  for (auto& parameter : average->parameters()) parameter.requires_grad_(false);
  const diffusion::DenoisingObjective objective({}, {});
  TrainState state;
  state.modules = {{"net", net}};
  const OptimiserConfig adam = adam_of(args);
  const EmaConfig ema = ema_of(args);
  Optimiser optimiser({adam}, state);
  const auto batch = args.at("batch_size").get<std::int64_t>();
  std::int64_t seen = 0;
  std::vector<double> table;
  for (int step = 0; reference.has("in.images" + std::to_string(step)); ++step) {
    const std::string k = std::to_string(step);
    diffusion::DenoisingDraws draws;
    draws.level = reference.in("in.sigma_draw" + k);
    draws.noise = reference.in("in.noise" + k);
    const at::Tensor loss = objective.loss_map(*net, reference.in("in.images" + k), {}, draws).sum() / static_cast<double>(batch);
    reference.report("out.loss" + k, loss.detach());
    loss.backward();
    const double ramp = ramp_up(adam, static_cast<double>(seen)), beta = ema_beta(ema, batch, seen);
    optimiser.step({"net"}, false, 1.0, static_cast<double>(seen));
    update_average(*average, *net, beta);
    table.insert(table.end(), {static_cast<double>(seen), adam.lr * ramp, beta});
    seen += batch;
    for (const auto& item : net->named_parameters()) reference.report("out.net" + k + "." + item.key(), item.value().detach());
    for (const auto& item : average->named_parameters()) reference.report("out.ema" + k + "." + item.key(), item.value().detach());
  }
  if (args.contains("param_order")) {
    reference.report("out.net_norms", norms(*net, args.at("param_order")));
    reference.report("out.ema_norms", norms(*average, args.at("param_order")));
  }
  reference.report("table.nimg_lr_beta", at::tensor(table, at::kDouble).reshape({-1, 3}));
  official_table(reference);
}

}  // namespace orrery::edm
