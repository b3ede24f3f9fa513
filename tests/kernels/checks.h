// Comparisons shared by the operator tests.
#pragma once

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <QtTest>

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

namespace checks {

using Tensors = std::vector<at::Tensor>;
using Function = std::function<at::Tensor(const Tensors&)>;

inline at::Tensor randn(at::IntArrayRef shape, std::uint64_t seed, at::ScalarType type = at::kFloat) {
  auto generator = at::detail::createCPUGenerator(seed);
  return at::randn(shape, generator, at::kDouble).to(type);
}

// Largest difference over the larger of 1 and the largest value; infinity where shapes or types differ or something is not finite.
inline double distance(const at::Tensor& a, const at::Tensor& b) {
  if (!a.defined() || !b.defined() || a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type()) return std::numeric_limits<double>::infinity();
  if (a.numel() == 0) return 0.0;
  const at::Tensor x = a.detach().to(at::kDouble), y = b.detach().to(at::kDouble);
  const double scale = std::max(1.0, y.abs().max().item<double>()), worst = (x - y).abs().max().item<double>() / scale;
  return std::isfinite(worst) ? worst : std::numeric_limits<double>::infinity();
}

inline bool same_bits(const at::Tensor& a, const at::Tensor& b) { return a.sizes() == b.sizes() && a.scalar_type() == b.scalar_type() && at::equal(a, b); }

// Gradients of sum(f(inputs) * weights) in every input.
inline Tensors gradients(const Function& f, Tensors inputs, const at::Tensor& weights, bool create_graph) {
  const at::Tensor y = f(inputs);
  return torch::autograd::grad({(y * weights).sum()}, inputs, {}, create_graph, create_graph, true);
}

// Thousands of tiny calls: handing each to several threads costs more than it saves.
class OneThread {
 public:
  OneThread() { at::set_num_threads(1); }
  ~OneThread() { at::set_num_threads(threads_); }

 private:
  int threads_ = at::get_num_threads();
};

// Central differences against autograd, float64. Returns the largest difference over all entries of all inputs.
inline double gradient_error(const Function& f, const Tensors& values, std::uint64_t seed = 99, double step = 1e-5) {
  const OneThread one_thread;
  Tensors inputs;
  for (const auto& v : values) inputs.push_back(v.detach().clone().requires_grad_());
  const at::Tensor weights = randn(f(inputs).sizes(), seed, at::kDouble);
  const Tensors exact = gradients(f, inputs, weights, false);
  double worst = 0.0;
  const at::NoGradGuard no_grad;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    at::Tensor flat = inputs[k].detach().view({-1});
    const at::Tensor g = exact[k].defined() ? exact[k].contiguous().view({-1}) : at::zeros_like(flat);
    for (std::int64_t i = 0; i < flat.numel(); ++i) {
      const double was = flat[i].item<double>();
      flat[i] = was + step;
      const double above = (f(inputs) * weights).sum().item<double>();
      flat[i] = was - step;
      const double below = (f(inputs) * weights).sum().item<double>();
      flat[i] = was;
      worst = std::max(worst, std::abs((above - below) / (2 * step) - g[i].item<double>()));
    }
  }
  return worst;
}

// The same one order higher: the gradient in input 0, as a function of all inputs and of the output's weights, is differentiated.
inline double second_gradient_error(const Function& f, const Tensors& values, std::uint64_t seed = 77) {
  Tensors inputs = values;
  inputs.push_back(randn(f(values).sizes(), seed, at::kDouble));
  const Function g = [&f](const Tensors& all) {
    const at::AutoGradMode grad_mode(true);
    Tensors inner(all.begin(), all.end() - 1);
    for (auto& t : inner) {
      if (!t.requires_grad()) t = t.detach().requires_grad_();
    }
    const at::Tensor y = f(inner);
    return torch::autograd::grad({(y * all.back()).sum()}, {inner[0]}, {}, true, true)[0];
  };
  return gradient_error(g, inputs, seed + 1);
}

}  // namespace checks
