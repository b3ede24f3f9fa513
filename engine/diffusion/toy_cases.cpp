#include "engine/diffusion/toy_cases.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/log2.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/tensor.h>

#include <cmath>
#include <sstream>

#include "engine/api/result.h"
#include "engine/diffusion/beta_schedule.h"
#include "engine/diffusion/ddim_sampler.h"
#include "engine/diffusion/discrete_steps.h"
#include "engine/diffusion/dpm_solver.h"
#include "engine/diffusion/edm_sampler.h"
#include "engine/diffusion/probability_flow.h"
#include "engine/diffusion/rectified_flow.h"
#include "engine/diffusion/timestep_spacing.h"

namespace orrery::diffusion {

GaussianMixture mixture_of(const parity::Case& reference) { return {reference.in("in.w"), reference.in("in.mu"), reference.in("in.cov")}; }

NoiseSource recorded_noise(const parity::Case& reference, const std::string& name) {
  return [rows = reference.in(name)](std::int64_t draw, const at::Tensor& like) { return rows[draw].to(like.scalar_type()); };
}

namespace {

std::vector<double> numbers(const parity::Case& reference, const std::string& name) {
  const at::Tensor values = reference.in(name).to(at::kCPU, at::kDouble).contiguous();
  return {values.data_ptr<double>(), values.data_ptr<double>() + values.numel()};
}

at::Tensor of(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

Score score_of_mixture(const GaussianMixture& mixture) {
  return [mixture](const at::Tensor& x, double sigma) { return mixture.score(x, sigma); };
}

// Root mean square over the particles of the distance.
double distance(const at::Tensor& a, const at::Tensor& b) { return std::sqrt((a - b).square().sum(1).mean().item<double>()); }

std::vector<std::string> names_after(const parity::Case& reference, const std::string& prefix) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : reference.io)
    if (name.rfind(prefix, 0) == 0) names.push_back(name.substr(prefix.size()));
  return names;
}

void report_orders(parity::Case& reference, const std::string& name, const std::vector<double>& errors) {
  const at::Tensor table = of(errors);
  reference.report("table.err." + name, table);
  reference.report("table.order." + name, at::log2(table.narrow(0, 0, table.size(0) - 1) / table.narrow(0, 1, table.size(0) - 1)));
}

const OdeOptions fine{1e-12, 1e-13, {}};

OdeOptions tolerance(double value) { return {value, value, {}}; }

void run_gaussian(parity::Case& reference) {
  const at::Tensor mean = reference.in("in.mean"), variance = reference.in("in.var"), z = reference.in("in.z");
  const GaussianMixture data(at::ones({1}, at::kDouble), mean.unsqueeze(0), variance.diag().unsqueeze(0));
  const VpProcess vp;
  std::vector<at::Tensor> edm, in_vp, path, velocity;
  const auto sigmas = numbers(reference, "in.sigma");
  for (const double sigma : sigmas) edm.push_back(data.flow(z * sigmas.front(), sigmas.front(), sigma));
  const auto times = numbers(reference, "in.t_vp");
  for (const double t : times) in_vp.push_back(data.flow(z / vp.scale(times.front()), vp.sigma(times.front()), vp.sigma(t)) * vp.scale(t));
  reference.report("out.edm", at::stack(edm));
  reference.report("out.vp", at::stack(in_vp));

  // x_t / t moves as the noisy data do at sigma = (1 - t) / t; at t = 0 it is the noise itself.
  const auto width = [&](double t) { return (variance * (t * t) + (1.0 - t) * (1.0 - t)).sqrt(); };
  const auto at_time = [&](double t) { return mean * t + z * width(t); };
  for (const double t : numbers(reference, "in.t_rf")) {
    path.push_back(at_time(t));
    velocity.push_back(rectified_velocity(data, path.back(), t));
  }
  reference.report("out.rf_x", at::stack(path));
  reference.report("out.rf_velocity", at::stack(velocity));
  std::vector<double> errors;
  for (const double n : numbers(reference, "in.N")) errors.push_back(distance(rectified_euler(data, z, static_cast<std::int64_t>(n)), at_time(1.0)));
  reference.report("table.err.rf_euler", of(errors));

  // Simpson's rule; the integrand is smooth.
  const at::Tensor whole = at_time(1.0) - at_time(0.0);
  constexpr int pieces = 2000;
  at::Tensor integral = at::zeros({z.size(0)}, at::kDouble);
  for (int i = 0; i <= pieces; ++i) {
    const double t = static_cast<double>(i) / pieces, weight = i == 0 || i == pieces ? 1.0 : i % 2 == 1 ? 4.0 : 2.0;
    integral += (whole - rectified_velocity(data, at_time(t), t)).square().sum(1) * (weight / (3.0 * pieces));
  }
  reference.report("out.rf_straightness", integral);
}

void run_mixture(parity::Case& reference) {
  const GaussianMixture mixture = mixture_of(reference);
  const at::Tensor x = reference.in("in.x");
  std::map<std::string, std::vector<at::Tensor>> rows;
  for (const double sigma : numbers(reference, "in.sigma")) {
    rows["logp"].push_back(mixture.log_density(x, sigma));
    rows["score"].push_back(mixture.score(x, sigma));
    rows["denoiser"].push_back(mixture.denoise(x, sigma));
    rows["score_divergence"].push_back(mixture.score_divergence(x, sigma));
    rows["responsibility"].push_back(mixture.responsibilities(x, sigma));
  }
  for (const auto& [name, list] : rows) reference.report("out." + name, at::stack(list));
}

void report_adaptive(parity::Case& reference, const std::string& name, const OdeResult& result) {
  reference.report("out." + name, result.y);
  reference.report("table." + name, at::tensor(std::vector<std::int64_t>{result.evaluations, result.steps}, at::kLong));
}

void run_trajectories(parity::Case& reference) {
  const GaussianMixture mixture = mixture_of(reference);
  const Score score = score_of_mixture(mixture);
  const VpProcess vp;
  const at::Tensor z = reference.in("in.z");
  const auto sigmas = numbers(reference, "in.sigma"), times = numbers(reference, "in.t_vp");
  std::vector<double> variances, vp_sigma, vp_scale;
  for (const double sigma : sigmas) variances.push_back(sigma * sigma);
  for (const double t : times) {
    vp_sigma.push_back(vp.sigma(t));
    vp_scale.push_back(vp.scale(t));
  }
  reference.report("table.vp_sigma", of(vp_sigma));
  reference.report("table.vp_s", of(vp_scale));
  const Slope edm = edm_flow(score), ve = ve_flow(score), in_vp = vp_flow(score, vp);
  const at::Tensor start = z * sigmas.front();
  const OdeResult a = integrate_dop853(edm, sigmas.front(), sigmas.back(), start, fine, sigmas);
  const OdeResult b = integrate_dop853(ve, variances.front(), variances.back(), start, fine, variances);
  const OdeResult c = integrate_dop853(in_vp, times.front(), times.back(), z, fine, times);
  reference.report("out.edm", at::stack(a.at));
  reference.report("out.ve", at::stack(b.at));
  reference.report("out.vp", at::stack(c.at));
  reference.report("table.nfev", at::tensor(std::vector<std::int64_t>{a.evaluations, b.evaluations, c.evaluations}, at::kLong));
  for (const auto& [text, value] : std::map<std::string, double>{{"0.001", 1e-3}, {"1e-05", 1e-5}}) {
    report_adaptive(reference, "rk45.edm." + text, integrate_rk45(edm, 80.0, 0.002, start, tolerance(value)));
    report_adaptive(reference, "rk45.vp." + text, integrate_rk45(in_vp, 1.0, 1e-3, z, tolerance(value)));
  }

  // Likelihood: the log density changes along the flow by the divergence of its slope (Song et al. 2021, equation 39).
  const at::Tensor x0 = reference.in("in.x0");
  const Slope with_density = [&](double sigma, const at::Tensor& state) {
    const at::Tensor x = state.narrow(1, 0, 2);
    return at::cat({mixture.score(x, sigma), mixture.score_divergence(x, sigma).unsqueeze(1)}, 1) * -sigma;
  };
  const at::Tensor end = integrate_dop853(with_density, 0.0, sigmas.front(), at::cat({x0, at::zeros_like(x0.narrow(1, 0, 1))}, 1), fine).y;
  reference.report("out.encoded", end.narrow(1, 0, 2));
  reference.report("out.delta_logp", end.select(1, 2));
  reference.report("out.logp0", mixture.log_density(x0, 0.0));
}

void run_rectified_flow(parity::Case& reference) {
  const GaussianMixture mixture = mixture_of(reference);
  const at::Tensor z = reference.in("in.z"), points = reference.in("in.x");
  std::vector<at::Tensor> velocity;
  for (const double t : numbers(reference, "in.t_velocity")) velocity.push_back(rectified_velocity(mixture, points, t));
  reference.report("out.velocity", at::stack(velocity));
  const Slope slope = [&](double t, const at::Tensor& x) { return rectified_velocity(mixture, x, t); };
  const auto times = numbers(reference, "in.t");
  const OdeResult exact = integrate_dop853(slope, 0.0, 1.0, z, fine, times);
  reference.report("out.x", at::stack(exact.at));
  std::vector<double> errors;
  for (const double n : numbers(reference, "in.N")) {
    const auto count = static_cast<std::int64_t>(n);
    const at::Tensor end = rectified_euler(mixture, z, count);
    reference.report("out.euler.N" + std::to_string(count), end);
    errors.push_back(distance(end, exact.y));
  }
  reference.report("table.err.euler", of(errors));
  const Slope with_bend = [&](double t, const at::Tensor& state) {
    const at::Tensor v = rectified_velocity(mixture, state.narrow(1, 0, 2), t);
    return at::cat({v, (exact.y - z - v).square().sum(1, true)}, 1);
  };
  reference.report("out.straightness", integrate_dop853(with_bend, 0.0, 1.0, at::cat({z, at::zeros_like(z.narrow(1, 0, 1))}, 1), fine).y.select(1, 2));
  const OdeResult rk = integrate_rk45(slope, 1e-3, 1.0, z, tolerance(1e-5));
  reference.report("out.rk45", rk.y);
  reference.report("table.rk45_nfev", at::tensor(std::vector<std::int64_t>{rk.evaluations}, at::kLong));
}

// "dpmpp2m.lower.logSNR" and the like.
struct SolverName {
  DpmSolverOptions options;
  bool log_snr = false;
};

SolverName solver_named(const std::string& name) {
  SolverName s;
  s.log_snr = name.find(".logSNR") != std::string::npos;
  s.options.taylor = name.find(".taylor") != std::string::npos;
  s.options.lower_order_final = name.find(".lower") != std::string::npos;
  // Order, multistep, predicts x0.
  struct Kind {
    std::int64_t order;
    bool multistep, predict_x0;
  };
  static const std::map<std::string, Kind> kinds{{"ddim", {1, false, true}},    {"dpm2", {2, false, false}},    {"dpm3", {3, false, false}},   {"dpm2m", {2, true, false}},   {"dpm3m", {3, true, false}},
                                                 {"dpmpp2s", {2, false, true}}, {"dpmpp3s", {3, false, true}}, {"dpmpp2m", {2, true, true}}, {"dpmpp3m", {3, true, true}}};
  const std::string solver = name.substr(0, name.find('.'));
  const auto kind = kinds.find(solver);
  if (kind == kinds.end()) throw Error(ErrorCode::bad_input, "There is no solver \"" + solver + "\".");
  s.options.order = kind->second.order;
  s.options.multistep = kind->second.multistep;
  s.options.predict_x0 = kind->second.predict_x0;
  return s;
}

void run_order_dpm(parity::Case& reference) {
  const GaussianMixture mixture = mixture_of(reference);
  const Denoise denoise = exact_denoise(mixture);
  const VpProcess vp;
  const at::Tensor z = reference.in("in.z");
  const double t0 = 1.0, t1 = 1e-3;
  const at::Tensor end = integrate_dop853(vp_flow(score_of_mixture(mixture), vp), t0, t1, z, fine).y;
  reference.report("table.reference_end", end);
  SampleObserver nobody;
  for (const auto& name : names_after(reference, "table.err.")) {
    const SolverName solver = solver_named(name);
    const auto inner = solver.options.multistep ? 1 : solver.options.order;
    std::vector<double> errors;
    for (const double n : numbers(reference, "in.N")) {
      const auto steps = static_cast<std::int64_t>(n);
      const auto time_at = [&](double part) {
        return solver.log_snr ? vp.time_of(vp.half_log_snr(t0) + (vp.half_log_snr(t1) - vp.half_log_snr(t0)) * part) : t0 + (t1 - t0) * part;
      };
      std::vector<double> sigmas;
      for (std::int64_t i = 0; i < steps; ++i) {
        // The inner points of a step are spaced as the steps are, between its own ends.
        const double from = time_at(static_cast<double>(i) / n), to = time_at(static_cast<double>(i + 1) / n);
        for (std::int64_t k = 0; k < inner; ++k) {
          const double part = static_cast<double>(k) / static_cast<double>(inner);
          const double t = solver.log_snr ? vp.time_of(vp.half_log_snr(from) + (vp.half_log_snr(to) - vp.half_log_snr(from)) * part) : from + (to - from) * part;
          sigmas.push_back(vp.sigma(t));
        }
      }
      sigmas.push_back(vp.sigma(t1));
      const at::Tensor x = sample_dpm_solver(denoise, z / vp.scale(t0), sigmas, solver.options, nobody) * vp.scale(t1);
      reference.report("out." + name + ".N" + std::to_string(steps), x);
      errors.push_back(distance(x, end));
    }
    report_orders(reference, name, errors);
  }

  const auto times = numbers(reference, "in.identity_t");
  std::vector<double> powers;
  for (const double t : times) powers.push_back(vp.scale(t) * vp.scale(t));
  StepRecorder ddim;
  sample_ddim(denoise, z / vp.scale(times.front()), powers, {}, {}, ddim);
  std::vector<at::Tensor> in_vp{z}, in_ve{z / vp.scale(times.front())};
  at::Tensor x = in_ve.front();
  for (std::size_t i = 1; i < times.size(); ++i) {
    in_vp.push_back(ddim.xs[i - 1] * vp.scale(times[i]));
    const double sigma = vp.sigma(times[i - 1]);
    x = x + (x - mixture.denoise(x, sigma)) * ((vp.sigma(times[i]) - sigma) / sigma);
    in_ve.push_back(x);
  }
  reference.report("out.identity.ddim", at::stack(in_vp));
  reference.report("out.identity.edm_euler", at::stack(in_ve));
}

// "heun.edm.vp.vp": solver, discretisation, schedule, scaling; "edm_heun": the sampler's defaults.
void run_order_edm(parity::Case& reference) {
  const GaussianMixture mixture = mixture_of(reference);
  const Denoise denoise = exact_denoise(mixture);
  const at::Tensor z = reference.in("in.z");
  const at::Tensor end = integrate_dop853(edm_flow(score_of_mixture(mixture)), 80.0, 0.0, z * 80.0, fine).y;
  reference.report("table.reference_end", end);
  for (const auto& name : names_after(reference, "table.err.")) {
    std::vector<double> errors;
    for (const double n : numbers(reference, "in.N")) {
      const auto steps = static_cast<std::int64_t>(n);
      LadderOptions ladder;
      ladder.steps = steps;
      EdmSamplerOptions options;
      if (name != "edm_heun") {
        std::istringstream parts(name);
        std::string solver, grid, schedule, scaling;
        std::getline(parts, solver, '.'), std::getline(parts, grid, '.'), std::getline(parts, schedule, '.'), std::getline(parts, scaling, '.');
        options.second_order = solver == "heun";
        options.schedule = time_schedule_from_name(schedule);
        options.scaling = scaling_from_name(scaling);
        ladder.grid = grid_from_name(grid);
        options.vp = VpSchedule::through(ladder.sigma_min, ladder.sigma_max, ladder.vp_time_min);
      }
      options.ladder = noise_ladder(ladder);
      const at::Tensor x = edm_sample(denoise, z, options);
      reference.report("out." + name + ".N" + std::to_string(steps), x);
      errors.push_back(distance(x, end));
    }
    report_orders(reference, name, errors);
  }
}

void run_stochastic(parity::Case& reference) {
  const GaussianMixture mixture = mixture_of(reference);
  const Denoise denoise = exact_denoise(mixture);
  const at::Tensor z = reference.in("in.z");
  const auto steps = reference.in("in.noise").size(0);
  const std::vector<double> all = cumulative_alphas(make_betas(BetaLaw::linear, 1000));
  const Timesteps timesteps = respaced_timesteps(1000, std::to_string(steps));
  std::vector<double> powers, ladder{1.0};
  for (const auto t : timesteps) {
    powers.push_back(all[static_cast<std::size_t>(t)]);
    ladder.insert(ladder.begin(), powers.back());
  }
  reference.report("table.timesteps", at::tensor(timesteps, at::kLong));
  reference.report("table.alpha_bar", of(powers));
  for (const auto& [text, eta] : std::map<std::string, double>{{"0", 0.0}, {"0.5", 0.5}, {"1", 1.0}}) {
    StepRecorder recorder;
    sample_ddim(denoise, z / std::sqrt(ladder.front()), ladder, {eta, false}, recorded_noise(reference, "in.noise"), recorder);
    std::vector<at::Tensor> in_vp;
    for (std::size_t i = 0; i < recorder.xs.size(); ++i) in_vp.push_back(recorder.xs[i] * std::sqrt(ladder[i + 1]));
    reference.report("out.ddim.eta" + text, at::stack(in_vp));
  }

  StepRecorder churned;
  EdmSamplerOptions edm;
  LadderOptions edm_ladder;
  edm_ladder.steps = steps;
  edm.ladder = noise_ladder(edm_ladder);
  edm.churn = 30.0, edm.churn_min = 0.05, edm.churn_max = 50.0, edm.churn_noise = 1.003;
  reference.report("out.edm", edm_sample(denoise, z, edm, recorded_noise(reference, "in.noise"), &churned));
  std::vector<at::Tensor> before{z * edm.ladder.front()};
  before.insert(before.end(), churned.xs.begin(), churned.xs.end() - 1);
  reference.report("tap.edm.x", at::stack(before));

  StepRecorder recorder;
  const auto sigmas = numbers(reference, "table.sigmas");
  reference.report("table.sigmas", of(sigmas));
  annealed_langevin(denoise, z * 4.0, sigmas, 2, 0.2, recorded_noise(reference, "in.noise_langevin"), recorder);
  reference.report("out.langevin", at::stack(recorder.xs));
}

}  // namespace

void run_toy_case(parity::Case& reference) {
  if (reference.has("in.mean")) return run_gaussian(reference);
  if (reference.has("out.logp")) return run_mixture(reference);
  if (reference.has("out.delta_logp")) return run_trajectories(reference);
  if (reference.has("out.straightness")) return run_rectified_flow(reference);
  if (reference.has("in.identity_t")) return run_order_dpm(reference);
  if (reference.has("table.err.edm_heun")) return run_order_edm(reference);
  if (reference.has("in.noise_langevin")) return run_stochastic(reference);
  throw Error(ErrorCode::bad_input, "This toy case is of no kind that this program knows.");
}

}  // namespace orrery::diffusion
