#include "engine/api/result.h"
#include "engine/diffusion/edm_sampler.h"
#include "engine/systems/edm/cases.h"

namespace orrery::edm {
namespace {

using namespace diffusion;
using Json = nlohmann::json;

// Keeps the state before each step, in the sampler's own coordinates.
class Recorder : public SampleObserver {
 public:
  Recorder(const at::Tensor& first, const std::vector<double>& scales) : rows_{first}, scales_(scales) {}
  void on_step(const SampleStep& step) override {
    if (step.step + 1 < step.steps) rows_.push_back(step.x * scales_[static_cast<std::size_t>(step.step) + 1]);
  }
  at::Tensor rows() const { return at::stack(rows_); }

 private:
  std::vector<at::Tensor> rows_;
  std::vector<double> scales_;
};

struct Run {
  LadderOptions ladder;
  EdmSamplerOptions sampler;
};

void sample(parity::Case& reference, PreconditionedDenoiser& net, const std::string& name, Run run, at::ScalarType type) {
  const at::NoGradGuard no_grad;
  const DenoiserShape shape = net.shape();
  run.ladder.steps = reference.in("in.noise").size(0);
  run.ladder.sigma_min = std::max(run.ladder.sigma_min, shape.sigma_min);
  run.ladder.sigma_max = std::min(run.ladder.sigma_max, shape.sigma_max);
  run.sampler.ladder = noise_ladder(run.ladder);
  if (run.sampler.schedule == TimeSchedule::vp) run.sampler.vp = VpSchedule::through(run.ladder.sigma_min, run.ladder.sigma_max, run.ladder.vp_time_min);
  run.sampler.round_sigma = [&](double sigma) { return net.round_sigma(at::scalar_tensor(sigma, at::kDouble)).item<double>(); };

  const TimeAxis axis{run.sampler.schedule, run.sampler.scaling, run.sampler.vp};
  std::vector<double> scales;
  for (double& sigma : run.sampler.ladder) {
    sigma = run.sampler.round_sigma(sigma);
    scales.push_back(axis.scale(axis.time(sigma)));
  }
  const at::Tensor latents = reference.in("in.latents").to(at::kDouble), noise = reference.in("in.noise").to(at::kDouble);
  const Condition condition{input(reference, "in.class_labels", type), {}};
  const Denoise denoise = [&](const at::Tensor& x, double sigma, std::int64_t) {
    return net.denoise(x, at::full({x.size(0)}, sigma, x.options()), condition);
  };
  Recorder recorder(latents * (axis.sigma(axis.time(run.sampler.ladder[0])) * scales[0]), scales);
  const at::Tensor end = edm_sample(denoise, latents, run.sampler, [&](std::int64_t draw, const at::Tensor&) { return noise[draw]; }, &recorder);
  if (type == at::kDouble) return reference.report("out." + name + "_f64", end);
  reference.report("out." + name, end);
  reference.report("tap." + name + ".x", recorder.rows());
}

void sample_both(parity::Case& reference, Precondition kind, const std::vector<std::pair<std::string, Run>>& runs) {
  for (const auto type : {at::kFloat, at::kDouble}) {
    const auto net = loaded_denoiser(reference, kind, type);
    for (const auto& [name, run] : runs) sample(reference, *net, name, run, type);
  }
}

// The published defaults of the noise range.
void default_range(LadderOptions& ladder) {
  const VpSchedule vp;
  switch (ladder.grid) {
    case Grid::vp: ladder.sigma_min = vp.sigma(1e-3), ladder.sigma_max = vp.sigma(1.0); break;
    case Grid::ve: ladder.sigma_min = 0.02, ladder.sigma_max = 100.0; break;
    case Grid::iddpm: ladder.sigma_min = 0.002, ladder.sigma_max = 81.0; break;
    case Grid::edm: ladder.sigma_min = 0.002, ladder.sigma_max = 80.0; break;
  }
}

std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words;
  std::string rest = name;
  while (words.size() < 4 && !rest.empty()) {
    const auto dot = rest.find('.');
    words.push_back(rest.substr(0, dot));
    rest = dot == std::string::npos ? "" : rest.substr(dot + 1);
  }
  if (!rest.empty()) words.push_back(rest);  // "alpha0.6" has a dot of its own
  return words;
}

double number_after(const std::string& notes, const std::string& word, double value) {
  for (auto at = notes.find(word); at != std::string::npos; at = notes.find(word, at + 1)) {
    const char* text = notes.c_str() + at + word.size();
    if (*text >= '0' && *text <= '9') return std::strtod(text, nullptr);
  }
  return value;
}

Run run_named(const std::string& name, const std::string& notes) {
  const auto words = words_of(name);
  if (words.size() < 4) throw Error(ErrorCode::bad_input, "The run " + name + " is not named solver.discretisation.schedule.scaling.");
  Run run;
  run.sampler.second_order = words[0] == "heun";
  run.ladder.grid = grid_from_name(words[1]);
  run.sampler.schedule = time_schedule_from_name(words[2]);
  run.sampler.scaling = scaling_from_name(words[3]);
  const std::string extra = words.size() > 4 ? words[4] : "";
  if (extra == "defaultrange") {
    default_range(run.ladder);
  } else {
    run.ladder.sigma_min = number_after(notes, "sigma_min ", 0.02);
    run.ladder.sigma_max = number_after(notes, "sigma_max ", 6.0);
  }
  if (extra == "churn") {
    run.sampler.churn = number_after(notes, "S_churn ", 3.0);
    run.sampler.churn_noise = number_after(notes, "S_noise ", 1.005);
  } else if (extra.rfind("alpha", 0) == 0) {
    run.sampler.alpha = std::strtod(extra.c_str() + 5, nullptr);
  } else if (!extra.empty() && extra != "defaultrange") {
    throw Error(ErrorCode::bad_input, "The run " + name + " asks for \"" + extra + "\", which is not known here.");
  }
  return run;
}

void rounding(parity::Case& reference) {
  if (!reference.has("in.round_query")) return;
  const auto net = loaded_denoiser(reference, Precondition::iddpm, at::kFloat);
  const at::Tensor u = net->named_buffers()["u"], query = reference.in("in.round_query");
  reference.report("table.round_index_exact", nearest_index(u, query));
  // The published search measures distances in float32 through a matrix product; at a near tie it can be one off.
  reference.report("table.round_index", at::cdist(query.reshape({1, -1, 1}), u.reshape({1, -1, 1})).argmin(2).reshape(query.sizes()));
}

}  // namespace

void run_sampler_case(parity::Case& reference) {
  std::vector<std::pair<std::string, Run>> runs;
  for (const auto& [name, args] : reference.args().at("runs").items()) {
    Run run;
    run.ladder.rho = args.value("rho", 7.0);
    run.ladder.sigma_min = args.value("sigma_min", 0.002);
    run.ladder.sigma_max = args.value("sigma_max", 80.0);
    run.sampler.churn = args.value("S_churn", 0.0);
    run.sampler.churn_min = args.value("S_min", 0.0);
    run.sampler.churn_max = args.value("S_max", run.sampler.churn_max);
    run.sampler.churn_noise = args.value("S_noise", 1.0);
    runs.emplace_back(name, run);
  }
  sample_both(reference, precondition_in(reference.meta.value("what", "")), runs);
}

void run_ablation_case(parity::Case& reference) {
  std::string notes;
  for (const auto& note : reference.meta.value("notes", Json::array())) notes += note.get<std::string>() + "\n";
  std::vector<std::pair<std::string, Run>> runs;
  for (const auto& [full, tensor] : reference.io) {
    if (full.rfind("out.", 0) != 0 || full.ends_with("_f64")) continue;
    const std::string name = full.substr(4);
    runs.emplace_back(name, run_named(name, notes));
  }
  const bool rounds = reference.weights.count("u") != 0;
  sample_both(reference, rounds ? Precondition::iddpm : precondition_in(reference.meta.value("what", "")), runs);
  rounding(reference);
}

}  // namespace orrery::edm
