#include "engine/diffusion/beta_schedule.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/api/result.h"

namespace orrery::diffusion {
namespace {

std::vector<double> ramp(double first, double last, std::int64_t count) {
  std::vector<double> values(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) values[static_cast<std::size_t>(i)] = count == 1 ? first : first + (last - first) * static_cast<double>(i) / static_cast<double>(count - 1);
  return values;
}

template <class Map>
std::vector<double> mapped(std::vector<double> values, Map map) {
  for (double& value : values) value = map(value);
  return values;
}

std::vector<double> warmup(std::int64_t steps, double start, double end, double share) {
  std::vector<double> betas(static_cast<std::size_t>(steps), end);
  const auto first = ramp(start, end, static_cast<std::int64_t>(static_cast<double>(steps) * share));
  std::copy(first.begin(), first.end(), betas.begin());
  return betas;
}

double cosine_power(double part) { return std::pow(std::cos((part + 0.008) / 1.008 * M_PI / 2.0), 2); }

}  // namespace

BetaLaw beta_law_from_name(const std::string& name) {
  static const std::map<std::string, BetaLaw> names{{"linear", BetaLaw::linear},     {"quad", BetaLaw::quad},         {"sqrt", BetaLaw::square_root},
                                                    {"const", BetaLaw::constant},    {"warmup10", BetaLaw::warmup10}, {"warmup50", BetaLaw::warmup50},
                                                    {"jsd", BetaLaw::jsd},           {"sigmoid", BetaLaw::sigmoid},   {"cosine", BetaLaw::cosine}};
  const auto found = names.find(name);
  if (found == names.end()) throw Error(ErrorCode::wrong_use, "There is no noise schedule \"" + name + "\".");
  return found->second;
}

std::vector<double> make_betas(BetaLaw law, std::int64_t steps, double start, double end) {
  if (steps < 1) throw Error(ErrorCode::wrong_use, "A noise schedule needs at least one step.");
  const auto count = static_cast<double>(steps);
  std::vector<double> betas;
  switch (law) {
    case BetaLaw::linear: betas = ramp(start, end, steps); break;
    case BetaLaw::quad: betas = mapped(ramp(std::sqrt(start), std::sqrt(end), steps), [](double r) { return r * r; }); break;
    case BetaLaw::square_root: betas = mapped(ramp(start, end, steps), [](double b) { return std::sqrt(b); }); break;
    case BetaLaw::constant: betas.assign(static_cast<std::size_t>(steps), end); break;
    case BetaLaw::warmup10: betas = warmup(steps, start, end, 0.1); break;
    case BetaLaw::warmup50: betas = warmup(steps, start, end, 0.5); break;
    case BetaLaw::jsd: betas = mapped(ramp(count, 1.0, steps), [](double n) { return 1.0 / n; }); break;
    case BetaLaw::sigmoid: betas = mapped(ramp(-6.0, 6.0, steps), [&](double x) { return (end - start) / (1.0 + std::exp(-x)) + start; }); break;
    case BetaLaw::cosine:
      for (std::int64_t i = 0; i < steps; ++i)
        betas.push_back(std::min(1.0 - cosine_power(static_cast<double>(i + 1) / count) / cosine_power(static_cast<double>(i) / count), 0.999));
      break;
  }
  for (const double beta : betas)
    if (!(beta > 0.0 && beta <= 1.0)) throw Error(ErrorCode::wrong_use, "The noise schedule has a step with beta outside 0 to 1.");
  return betas;
}

std::vector<double> cumulative_alphas(const std::vector<double>& betas) {
  std::vector<double> products;
  double product = 1.0;
  for (const double beta : betas) products.push_back(product *= 1.0 - beta);
  return products;
}

std::vector<double> cumulative_alphas_float32(const std::vector<double>& betas) {
  std::vector<double> products;
  double product = 1.0;  // ATen's cumprod accumulates float32 in double and rounds what it stores
  for (const double beta : betas) {
    product *= static_cast<double>(1.0F - static_cast<float>(beta));
    products.push_back(static_cast<double>(static_cast<float>(product)));
  }
  return products;
}

std::vector<double> zero_terminal_snr(const std::vector<double>& betas) {
  std::vector<double> roots = mapped(cumulative_alphas(betas), [](double a) { return std::sqrt(a); });
  const double first = roots.front(), last = roots.back();
  std::vector<double> rescaled;
  double before = 1.0;
  for (const double root : roots) {
    const double power = std::pow((root - last) * first / (first - last), 2);
    rescaled.push_back(1.0 - power / before);
    before = power;
  }
  return rescaled;
}

}  // namespace orrery::diffusion
