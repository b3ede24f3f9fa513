#include "engine/vae/logistic_mixture.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softplus.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>

#include <cmath>
#include <stdexcept>
#include <vector>

namespace orrery::vae {
namespace {

constexpr double kHalfStep = 1.0 / 255.0;     // of 8 bits in [-1, 1]
constexpr double kLeastLogScale = -7.0;
constexpr double kAlmostOne = 0.999;          // the outermost levels take all that lies beyond them
constexpr double kLeastMass = 1e-5;           // below, the density times the width stands for the mass

struct Mixture {
  at::Tensor logits;                    // [N, H, W, mixtures]
  std::vector<at::Tensor> means, log_scales, coefficients;  // by colour [N, H, W, mixtures]
};

Mixture mixture_of(const at::Tensor& parameters, std::int64_t colours) {
  if (colours != 1 && colours != 3) throw std::invalid_argument("a mixture of logistics has one colour or three");
  const at::Tensor last = parameters.permute({0, 2, 3, 1});
  const std::int64_t mixtures = last.size(3) / logistic_mixture_values(colours, 1), per_colour = colours == 1 ? 2 : 3;
  if (mixtures * logistic_mixture_values(colours, 1) != last.size(3) || mixtures == 0) throw std::invalid_argument("these parameters are of no mixture of logistics");
  Mixture out;
  out.logits = last.narrow(3, 0, mixtures);
  for (std::int64_t c = 0; c < colours; ++c) {
    const std::int64_t first = mixtures * (1 + c * per_colour);
    out.means.push_back(last.narrow(3, first, mixtures));
    out.log_scales.push_back(last.narrow(3, first + mixtures, mixtures).clamp_min(kLeastLogScale));
    if (colours == 3) out.coefficients.push_back(last.narrow(3, first + 2 * mixtures, mixtures).tanh());
  }
  return out;
}

// What the colours before colour c add to its mean: colour 1 has one coefficient, colour 2 two.
at::Tensor moved(const at::Tensor& mean, const std::vector<at::Tensor>& coefficients, const std::vector<at::Tensor>& before) {
  if (before.empty()) return mean;
  if (before.size() == 1) return mean + coefficients[0] * before[0];
  return mean + coefficients[1] * before[0] + coefficients[2] * before[1];
}

// log of the mass of x's level under a logistic.
at::Tensor log_mass(const at::Tensor& x, const at::Tensor& mean, const at::Tensor& log_scale) {
  const at::Tensor centred = x - mean, inverse = (-log_scale).exp();
  const at::Tensor above = inverse * (centred + kHalfStep), below = inverse * (centred - kHalfStep), middle = inverse * centred;
  const at::Tensor mass = at::sigmoid(above) - at::sigmoid(below);
  const at::Tensor density = middle - log_scale - at::softplus(middle) * 2.0 - std::log(127.5);
  const at::Tensor inner = at::where(mass > kLeastMass, mass.clamp_min(1e-12).log(), density);
  return at::where(x < -kAlmostOne, above - at::softplus(above), at::where(x > kAlmostOne, -at::softplus(below), inner));
}

}  // namespace

at::Tensor logistic_mixture_loss(const at::Tensor& x, const at::Tensor& parameters) {
  const std::int64_t colours = x.size(1);
  const Mixture m = mixture_of(parameters, colours);
  at::Tensor total = at::log_softmax(m.logits, 3);
  std::vector<at::Tensor> before;
  for (std::int64_t c = 0; c < colours; ++c) {
    const at::Tensor colour = x.select(1, c).unsqueeze(3);
    const auto at = static_cast<std::size_t>(c);
    total = total + log_mass(colour, moved(m.means[at], m.coefficients, before), m.log_scales[at]);
    before.push_back(colour);
  }
  return -at::logsumexp(total, {3}).flatten(1).sum(1);
}

at::Tensor sample_logistic_mixture(const at::Tensor& parameters, const at::Tensor& which, const at::Tensor& where) {
  const std::int64_t colours = where.size(3);
  const Mixture m = mixture_of(parameters, colours);
  const at::Tensor chosen = (m.logits - (-which.log()).log()).argmax(3, true);
  const auto of_chosen = [&](const at::Tensor& values) { return values.gather(3, chosen).squeeze(3); };
  std::vector<at::Tensor> coefficients, pixel;
  for (const auto& coefficient : m.coefficients) coefficients.push_back(of_chosen(coefficient));
  for (std::int64_t c = 0; c < colours; ++c) {
    const auto at = static_cast<std::size_t>(c);
    const at::Tensor u = where.select(3, c);
    const at::Tensor drawn = of_chosen(m.means[at]) + of_chosen(m.log_scales[at]).exp() * (u.log() - (1.0 - u).log());
    pixel.push_back(moved(drawn, coefficients, pixel).clamp(-1.0, 1.0));
  }
  return at::stack(pixel, 1);
}

}  // namespace orrery::vae
