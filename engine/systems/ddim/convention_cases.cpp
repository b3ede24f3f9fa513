#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "engine/api/result.h"
#include "engine/diffusion/beta_schedule.h"
#include "engine/diffusion/ddpm_case_tools.h"
#include "engine/diffusion/discrete_schedule.h"
#include "engine/diffusion/discrete_steps.h"
#include "engine/diffusion/guidance.h"
#include "engine/diffusion/timestep_spacing.h"
#include "engine/parity/arguments.h"
#include "engine/systems/ddim/cases.h"

namespace orrery::ddim {
namespace {

using diffusion::Timesteps;

// States are float64: the tables that the programs round to float32 are within the tolerances.
at::Tensor start(const parity::Case& reference, const std::string& name = "in.x") { return reference.in(name).to(at::kDouble); }
at::Tensor fresh(const parity::Case& reference, std::int64_t k) { return reference.in("in.noise")[k].to(at::kDouble); }
at::Tensor rows(const parity::Case& reference, const std::string& like, const std::vector<at::Tensor>& list) { return at::stack(list).to(reference.in(like).scalar_type()); }

// ---- diffusers ----
struct Scheduler {
  std::string beta_schedule = "linear", spacing = "leading", prediction = "epsilon";
  double beta_start = 1e-4, beta_end = 0.02, threshold_ratio = 0.995, threshold_most = 1.0;
  bool clip = true, ends_clean = true, zero_snr = false, threshold = false;
  std::int64_t offset = 0;

  explicit Scheduler(const nlohmann::json& json) {
    parity::Arguments args(json, "args.runs");
    args.read("beta_schedule", beta_schedule);
    args.read("beta_start", beta_start);
    args.read("beta_end", beta_end);
    args.read("timestep_spacing", spacing);
    args.read("steps_offset", offset);
    args.read("set_alpha_to_one", ends_clean);
    args.read("clip_sample", clip);
    args.read("prediction_type", prediction);
    args.read("rescale_betas_zero_snr", zero_snr);
    args.read("thresholding", threshold);
    args.read("dynamic_thresholding_ratio", threshold_ratio);
    args.read("sample_max_value", threshold_most);
    args.done();
  }
  std::vector<double> alpha_bars(std::int64_t total) const {
    const std::map<std::string, diffusion::BetaLaw> laws{{"linear", diffusion::BetaLaw::linear}, {"scaled_linear", diffusion::BetaLaw::quad}, {"squaredcos_cap_v2", diffusion::BetaLaw::cosine}};
    auto betas = diffusion::make_betas(laws.at(beta_schedule), total, beta_start, beta_end);
    if (zero_snr) betas = diffusion::zero_terminal_snr(betas);
    return diffusion::cumulative_alphas_float32(betas);
  }
  Timesteps timesteps(std::int64_t total, std::int64_t count) const {
    const std::map<std::string, diffusion::Spacing> names{{"leading", diffusion::Spacing::leading}, {"trailing", diffusion::Spacing::trailing}, {"linspace", diffusion::Spacing::linspace}};
    return diffusion::spaced_timesteps(total, count, names.at(spacing), offset);
  }
};

void run_scheduler(parity::Case& reference, const std::string& name, const Scheduler& s, bool clipped_noise) {
  constexpr std::int64_t total = 1000;
  const auto alphas = s.alpha_bars(total);
  const auto count = reference.in("table." + name + ".timesteps").size(0);
  Timesteps timesteps = s.timesteps(total, count);
  std::reverse(timesteps.begin(), timesteps.end());
  reference.report("table." + name + ".timesteps", at::tensor(timesteps, at::kLong));
  reference.report("table." + name + ".alphas_cumprod", at::tensor(alphas, at::kFloat));
  for (const auto& [text, eta] : std::map<std::string, double>{{"0", 0.0}, {"0.7", 0.7}}) {
    at::Tensor x = start(reference);
    std::vector<at::Tensor> xs;
    for (std::int64_t k = 0; k < count; ++k) {
      // The step's length is whole, so it may end elsewhere than the next one starts.
      const std::int64_t t = timesteps[static_cast<std::size_t>(k)], to = t - total / count;
      const double now = alphas[static_cast<std::size_t>(t)], next = to >= 0 ? alphas[static_cast<std::size_t>(to)] : s.ends_clean ? 1.0 : alphas.front();
      const at::Tensor out = stub_noise(x, static_cast<double>(t));
      at::Tensor x0, noise;
      if (s.prediction == "epsilon") {
        noise = out;
        x0 = diffusion::x0_of(x, noise, now);
      } else if (s.prediction == "sample") {
        x0 = out;
        noise = diffusion::noise_of(x, x0, now);
      } else {
        x0 = diffusion::x0_of_v(x, out, now);
        noise = diffusion::noise_of_v(x, out, now);
      }
      if (s.threshold) x0 = diffusion::threshold_x0(x0, s.threshold_ratio, s.threshold_most);
      else if (s.clip) x0 = x0.clamp(-1.0, 1.0);
      if (clipped_noise) noise = diffusion::noise_of(x, x0, now);
      x = diffusion::ddim_step(x0, noise, next, diffusion::ddim_deviation(now, next, eta), fresh(reference, k));
      xs.push_back(x);
    }
    const std::string out = "out." + name + ".eta" + text + ".xs";
    reference.report(out, rows(reference, out, xs));
  }
}

void run_inverse(parity::Case& reference) {
  constexpr std::int64_t total = 1000;
  const auto alphas = diffusion::cumulative_alphas(diffusion::make_betas(diffusion::BetaLaw::linear, total));
  const auto count = reference.in("table.inverse.timesteps").size(0);
  const Timesteps timesteps = diffusion::spaced_timesteps(total, count, diffusion::Spacing::leading);
  reference.report("table.inverse.timesteps", at::tensor(timesteps, at::kLong));
  at::Tensor x = start(reference) * 0.5;
  std::vector<at::Tensor> xs;
  for (const auto t : timesteps) {
    const std::int64_t from = t - total / count;
    const double now = from >= 0 ? alphas[static_cast<std::size_t>(from)] : 1.0;
    const at::Tensor noise = stub_noise(x, static_cast<double>(t));
    x = diffusion::ddim_step(diffusion::x0_of(x, noise, now), noise, alphas[static_cast<std::size_t>(t)]);
    xs.push_back(x);
  }
  reference.report("out.inverse.xs", rows(reference, "out.inverse.xs", xs));
}

// ---- guided-diffusion ----
struct Respaced {
  std::string name;
  Timesteps timesteps;
  std::vector<double> alphas;  // at them

  double now(std::int64_t i) const { return alphas[static_cast<std::size_t>(i)]; }
  double before(std::int64_t i) const { return i > 0 ? now(i - 1) : 1.0; }
  double after(std::int64_t i) const { return i + 1 < static_cast<std::int64_t>(alphas.size()) ? now(i + 1) : 0.0; }
  // With coefficients that went through float32: at the last timesteps they are large.
  at::Tensor x0(const at::Tensor& x, const at::Tensor& noise, std::int64_t i) const {
    return x * static_cast<double>(static_cast<float>(std::sqrt(1.0 / now(i)))) - noise * static_cast<double>(static_cast<float>(std::sqrt(1.0 / now(i) - 1.0)));
  }
  at::Tensor noise(const at::Tensor& x, std::int64_t i) const { return stub_noise(x, static_cast<double>(timesteps[static_cast<std::size_t>(i)])); }
  std::int64_t count() const { return static_cast<std::int64_t>(alphas.size()); }
};

// x after each step down from index `first`, and the x0 of each. eta: DDIM; none: ancestral with a fixed variance, x0 clipped.
struct Way {
  std::vector<at::Tensor> xs, x0s;
};
Way walk(const parity::Case& reference, const Respaced& s, at::Tensor x, std::int64_t first, std::optional<double> eta, bool clip, bool large) {
  Way way;
  for (std::int64_t i = first, k = 0; i >= 0; --i, ++k) {
    at::Tensor x0 = s.x0(x, s.noise(x, i), i);
    if (clip) x0 = x0.clamp(-1.0, 1.0);
    if (eta) {
      x = diffusion::ddim_step(x0, diffusion::noise_of(x, x0, s.now(i)), s.before(i), diffusion::ddim_deviation(s.now(i), s.before(i), *eta), fresh(reference, k));
    } else {
      const diffusion::Posterior p = diffusion::posterior_between(s.now(i), s.before(i));
      x = x0 * p.on_x0 + x * p.on_x;
      if (i > 0) x = x + fresh(reference, k) * std::sqrt(large ? p.beta : p.variance);
    }
    way.xs.push_back(x);
    way.x0s.push_back(x0);
  }
  return way;
}

}  // namespace

void run_diffusers_case(parity::Case& reference) {
  const at::NoGradGuard no_grad;
  for (const auto& [name, args] : reference.args().at("runs").items()) {
    const auto& tensors = reference.meta.at("tensors");
    const std::string first = "out." + name + ".eta0.xs";
    // Only a remark tells that a run takes the noise from the clipped x0.
    const bool clipped_noise = tensors.contains(first) && tensors[first].value("doc", "").find("use_clipped_model_output=True") != std::string::npos;
    run_scheduler(reference, name, Scheduler(args), clipped_noise);
  }
  run_inverse(reference);
}

void run_guided_diffusion_case(parity::Case& reference) {
  const at::NoGradGuard no_grad;
  constexpr std::int64_t total = 1000;
  const auto all = diffusion::cumulative_alphas(diffusion::make_betas(diffusion::BetaLaw::linear, total));
  const std::string prefix = "table.timestep_map.";
  std::vector<std::string> names;
  for (const auto& [name, tensor] : reference.io)
    if (name.rfind(prefix, 0) == 0) names.push_back(name.substr(prefix.size()));
  for (const auto& name : names) {
    Respaced s{name, diffusion::respaced_timesteps(total, name), {}};
    const diffusion::DiscreteSchedule tables(diffusion::respaced_betas(all, s.timesteps));
    s.alphas = diffusion::values_of(tables.alpha_bars);
    reference.report(prefix + name, at::tensor(s.timesteps, at::kLong));
    reference.report("table.alphas_cumprod." + name, tables.alpha_bars);
    reference.report("table.betas." + name, tables.betas);
    reference.report("table.posterior_variance." + name, tables.posterior_variance);
    for (const auto& [text, eta] : std::map<std::string, double>{{"0", 0.0}, {"0.5", 0.5}, {"1", 1.0}}) {
      for (const bool clip : {true, false}) {
        const Way way = walk(reference, s, start(reference), s.count() - 1, eta, clip, false);
        const std::string out = "out." + name + ".eta" + text + (clip ? ".clip" : ".noclip");
        reference.report(out + ".xs", at::stack(way.xs));
        reference.report(out + ".x0", at::stack(way.x0s));
      }
    }
    for (const bool large : {true, false}) {
      const Way way = walk(reference, s, start(reference), s.count() - 1, std::nullopt, true, large);
      reference.report("out." + name + ".ancestral_fixed_" + (large ? "large" : "small") + ".xs", at::stack(way.xs));
    }
    at::Tensor x = start(reference, "in." + name + ".encode_start");
    std::vector<at::Tensor> encoded;
    for (std::int64_t i = 0; i < s.count(); ++i) {
      const at::Tensor noise = s.noise(x, i);
      x = diffusion::ddim_step(diffusion::x0_of(x, noise, s.now(i)), noise, s.after(i));
      encoded.push_back(x);
    }
    reference.report("out." + name + ".encode", at::stack(encoded));
    const Way decoded = walk(reference, s, encoded[encoded.size() - 2], s.count() - 2, 0.0, false, false);
    reference.report("out." + name + ".decode", at::stack(decoded.xs));
  }
}

// DDIM, and PLMS where only eta 0 was run and the case says so.
void run_latent_diffusion_case(parity::Case& reference) {
  const at::NoGradGuard no_grad;
  const auto& args = reference.args();
  const bool multistep = reference.meta.value("what", "").find("PLMS") != std::string::npos;
  const auto total = args.at("timesteps").get<std::int64_t>();
  const auto all = diffusion::cumulative_alphas(diffusion::make_betas(diffusion::BetaLaw::quad, total, args.at("linear_start").get<double>(), args.at("linear_end").get<double>()));
  const auto count = reference.in("table.S5.timesteps").size(0);
  const Timesteps timesteps = diffusion::offset_timesteps(diffusion::uniform_timesteps(total, count), 1);
  std::vector<double> now, before;
  for (const auto t : timesteps) {
    before.push_back(now.empty() ? all.front() : now.back());
    now.push_back(all.at(static_cast<std::size_t>(t)));
  }
  const std::string name = "S" + std::to_string(count);
  reference.report("table." + name + ".timesteps", at::tensor(timesteps, at::kLong));
  reference.report("table." + name + ".alphas", at::tensor(now, at::kFloat));
  reference.report("table." + name + ".alphas_prev", diffusion::table_of(before));

  std::vector<std::pair<std::string, double>> etas{{"0", 0.0}};
  if (!multistep) etas.insert(etas.end(), {{"0.5", 0.5}, {"1", 1.0}});
  for (const auto& [text, eta] : etas) {
    std::vector<double> deviations;
    for (std::size_t i = 0; i < now.size(); ++i) deviations.push_back(diffusion::ddim_deviation(now[i], before[i], eta));
    reference.report("table." + name + ".eta" + text + ".sigmas", diffusion::table_of(deviations));
    for (const double scale : {1.0, 3.0}) {
      const auto predict = [&](const at::Tensor& x, std::size_t i) {
        const auto under = [&](const at::Tensor& c) { return stub_noise(x, static_cast<double>(timesteps[i])) + (c.to(at::kDouble).view({-1, 1, 1, 1}) * x).tanh() * 0.3; };
        // At scale 1 the program asks the network once; the case gave it no condition then.
        return scale == 1.0 ? under(reference.in("in.uncond")) : diffusion::guide(under(reference.in("in.cond")), under(reference.in("in.uncond")), scale);
      };
      at::Tensor x = start(reference);
      std::vector<at::Tensor> xs, x0s, history;
      for (std::size_t k = 0; k < now.size(); ++k) {
        const std::size_t i = now.size() - 1 - k;
        at::Tensor x0;
        const auto step = [&](const at::Tensor& noise) {
          // The program's state and coefficients are float32; early x0 are differences of larger numbers.
          const auto power = static_cast<float>(now[i]);
          x0 = ((x - noise * static_cast<double>(std::sqrt(1.0F - power))).to(at::kFloat) / static_cast<double>(std::sqrt(power))).to(at::kDouble);
          return diffusion::ddim_step(x0, noise, before[i], deviations[i], fresh(reference, static_cast<std::int64_t>(k)));
        };
        at::Tensor noise = predict(x, i);
        if (multistep) {
          history.push_back(noise);
          // The first step has no history: it looks ahead once (Liu et al. 2022, PNDM, equation 12).
          noise = k == 0 ? (noise + predict(step(noise), i > 0 ? i - 1 : 0)) / 2.0 : diffusion::linear_multistep_noise(history);
        }
        x = step(noise);
        xs.push_back(x);
        x0s.push_back(x0);
      }
      const std::string out = "out." + name + ".eta" + text + ".scale" + (scale == 1.0 ? "1" : "3");
      reference.report(out + ".xs", rows(reference, out + ".xs", xs));
      reference.report(out + ".x0", rows(reference, out + ".x0", x0s));
    }
  }
}

}  // namespace orrery::ddim
