#include <cmath>

#include "engine/api/result.h"
#include "engine/diffusion/ancestral.h"
#include "engine/diffusion/beta_schedule.h"
#include "engine/diffusion/ddpm_case_tools.h"
#include "engine/diffusion/discrete_schedule.h"
#include "engine/diffusion/discrete_steps.h"
#include "engine/diffusion/vlb.h"
#include "engine/nn/ddpm_unet_weights.h"
#include "engine/systems/ddpm/cases.h"

namespace orrery::ddpm {
namespace {

using diffusion::FixedVariance;

struct Run {
  std::string input;    // "in.<input>.x", "in.<input>.noise<k>"
  std::string output;   // "out.<output>.x<k>"
  std::vector<double> ladder;
  FixedVariance variance = FixedVariance::large;
};

// Reports x after each step in the coordinates of the discrete process, and what the network said.
class Reporter : public diffusion::SampleObserver {
 public:
  Reporter(parity::Case& reference, const Run& run, bool as_double) : reference_(reference), run_(run), as_double_(as_double) {}
  void on_step(const diffusion::SampleStep& step) override {
    const std::string k = std::to_string(step.step);
    const at::Tensor x = step.x * std::sqrt(run_.ladder[static_cast<std::size_t>(step.step) + 1]);
    reference_.report("out." + run_.output + ".x" + k + (as_double_ ? "_f64" : ""), x);
    if (!as_double_) reference_.report("tap." + run_.output + ".x0_" + k, step.x0);
  }

 private:
  parity::Case& reference_;
  const Run& run_;
  bool as_double_;
};

void sample(parity::Case& reference, diffusion::DiscreteDenoiser& net, const Run& run, bool as_double) {
  const diffusion::Denoise denoise = [&](const at::Tensor& x, double sigma, std::int64_t step) {
    const at::Tensor x0 = net.denoise(x, at::full({x.size(0)}, sigma, x.options()), {});
    if (!as_double) reference.report("tap." + run.output + ".eps" + std::to_string(step), (x - x0) / sigma);
    return x0;
  };
  const diffusion::NoiseSource noise = [&](std::int64_t draw, const at::Tensor& like) { return reference.in("in." + run.input + ".noise" + std::to_string(draw)).to(like.options()); };
  Reporter reporter(reference, run, as_double);
  const at::Tensor start = reference.in("in." + run.input + ".x").to(at::kDouble) / std::sqrt(run.ladder.front());
  diffusion::sample_ancestral(denoise, start, run.ladder, {run.variance, true}, noise, reporter);
}

// In float32 states and tables. Near t = 999 x0 is a difference of numbers 157 times as large: the order of rounding decides its last digits, so
// the recorded float32 run is followed rounding by rounding, with a network that adds none of its own (float64). The sampler itself is held
// against the float64 twin, and the float32 network by the strided run and the forward case.
void sample_as_published(parity::Case& reference, diffusion::DiscreteDenoiser& net, const diffusion::DiscreteSchedule& schedule, const Run& run, std::int64_t first) {
  at::Tensor x = reference.in("in." + run.input + ".x");
  for (std::int64_t k = 0; k + 1 < static_cast<std::int64_t>(run.ladder.size()); ++k) {
    const std::string number = std::to_string(k);
    const at::Tensor t = at::full({x.size(0)}, first - k, at::kLong), noise = net.predict_noise(x, t).to(at::kFloat);
    const at::Tensor x0 = diffusion::x0_of_noise(schedule, x, t, noise).clamp(-1.0, 1.0), mean = diffusion::posterior_mean(schedule, x0, x, t);
    const at::Tensor fresh = reference.in("in." + run.input + ".noise" + number) * (diffusion::fixed_log_variance(schedule, run.variance, t, x) * 0.5).exp();
    x = first - k > 0 ? mean + fresh : mean;
    reference.report("tap." + run.output + ".eps" + number, noise);
    reference.report("tap." + run.output + ".x0_" + number, x0);
    reference.report("out." + run.output + ".x" + number, x);
  }
}

// So many steps down from timestep t.
std::vector<double> steps_from(const std::vector<double>& alpha_bars, std::int64_t t, std::int64_t count) {
  std::vector<double> ladder;
  for (std::int64_t k = 0; k <= count; ++k) ladder.push_back(t - k >= 0 ? alpha_bars.at(static_cast<std::size_t>(t - k)) : 1.0);
  return ladder;
}

}  // namespace

void run_sampler_case(parity::Case& reference) {
  const at::NoGradGuard no_grad;
  const auto& args = reference.args();
  const auto steps = args.at("T").get<std::int64_t>();
  const auto betas = diffusion::make_betas(diffusion::beta_law_from_name(args.at("beta_schedule").get<std::string>()), steps, args.at("beta_start").get<double>(), args.at("beta_end").get<double>());
  const auto alpha_bars = diffusion::cumulative_alphas(betas), rounded = diffusion::cumulative_alphas_float32(betas);
  // The case says nothing of the network; its weights do.
  const auto& weights = reference.other_weights.begin()->second;
  const auto found = nn::ddpm_unet_options(weights, reference.in("in.first.x").size(-1));
  if (!found) throw Error(ErrorCode::bad_input, "The weights of the case are of no U-Net that DDPM has.");
  const nn::DdpmUnetOptions& options = *found;

  const diffusion::DiscreteSchedule schedule(betas);
  for (const auto type : {at::kFloat, at::kDouble}) {
    const bool as_double = type == at::kDouble;
    const auto network = diffusion::loaded_unet(reference, options, type);
    const auto net = diffusion::discrete_denoiser(network, alpha_bars, options);
    const auto precise = diffusion::discrete_denoiser(diffusion::loaded_unet(reference, options, at::kDouble), alpha_bars, options);
    for (const auto& [name, variance] : std::map<std::string, FixedVariance>{{"fixedlarge", FixedVariance::large}, {"fixedsmall", FixedVariance::small}}) {
      for (const auto& [input, t] : std::map<std::string, std::int64_t>{{"first", steps - 1}, {"last", 4}}) {
        const Run run{input, input + "." + name, steps_from(alpha_bars, t, 5), variance};
        if (as_double) sample(reference, *net, run, true);
        else sample_as_published(reference, *precise, schedule, run, t);
      }
    }
    const auto strided = diffusion::discrete_denoiser(network, rounded, options);
    if (!as_double) sample(reference, *strided, {"strided", "strided", diffusion::falling_ladder(rounded, diffusion::whole_values_of(reference.in("in.strided.seq")))}, false);
  }

  at::Tensor x = reference.in("in.diffuse.x");
  for (std::int64_t k = 0; k < 3; ++k) {
    x = diffusion::diffuse_step(x, betas.at(static_cast<std::size_t>(400 + k)), reference.in("in.diffuse.noise" + std::to_string(k)));
    reference.report("out.diffuse.x" + std::to_string(k), x);
  }
}

}  // namespace orrery::ddpm
