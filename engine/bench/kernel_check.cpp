#include "engine/bench/kernel_check.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "kernels/adam_step/adam_step.h"
#include "kernels/bias_act/bias_act.h"
#include "kernels/nearest_code/nearest_code.h"
#include "kernels/philox_normal/philox_normal.h"
#include "kernels/plain/plain_ops.h"
#include "kernels/to_rgba8/to_rgba8.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

namespace orrery::bench {
namespace {

using Tensors = std::vector<at::Tensor>;
// One operator as a function of its inputs; the results lie where the inputs do. `plain`: the same by ordinary ATen calls.
using Compute = std::function<Tensors(const Tensors& inputs, bool plain)>;

struct Check {
  std::string name;
  Tensors inputs;  // on the CPU
  Compute compute;
  double allowed;
  bool has_plain = true;
};

double difference(const Tensors& a, const Tensors& b) {
  double worst = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const at::Tensor x = a[k].detach().cpu().to(at::kDouble), y = b[k].detach().cpu().to(at::kDouble);
    if (x.sizes() != y.sizes()) return std::numeric_limits<double>::infinity();
    if (x.numel() == 0) continue;
    const double one = (x - y).abs().max().item<double>() / std::max(1e-30, y.abs().max().item<double>());
    if (!(one <= worst)) worst = one;  // NaN, too
  }
  return worst;
}

// Value, first and second derivative of `f` in all inputs.
Tensors with_derivatives(const Tensors& values, const std::function<at::Tensor(const Tensors&)>& f) {
  Tensors inputs;
  for (const auto& v : values) inputs.push_back(v.detach().clone().requires_grad_());
  const at::Tensor y = f(inputs);
  const at::Tensor weights = at::cos(at::arange(y.numel(), y.options().requires_grad(false))).view(y.sizes());
  Tensors out{y}, first = torch::autograd::grad({(y * weights).sum()}, inputs, {}, true, true, true);
  out.insert(out.end(), first.begin(), first.end());
  Tensors second(inputs.size());  // a straight line has none
  if (first[0].requires_grad()) second = torch::autograd::grad({first[0].square().sum()}, inputs, {}, false, false, true);
  for (std::size_t k = 0; k < second.size(); ++k) out.push_back(second[k].defined() ? second[k] : at::zeros_like(inputs[k]));
  return out;
}

void add_bias_act(std::vector<Check>& to) {
  const char* names[] = {"linear", "relu", "lrelu", "tanh", "sigmoid", "elu", "selu", "softplus", "swish"};
  for (const auto format : {at::MemoryFormat::Contiguous, at::MemoryFormat::ChannelsLast}) {
    for (int a = 0; a < 9; ++a) {
      const auto activation = static_cast<kernels::Activation>(a);
      const kernels::BiasAct o{1, activation, kernels::kLeakySlope, kernels::default_gain(activation), 1.7};
      const auto compute = [o](const Tensors& in, bool plain) {
        return with_derivatives(in, [&](const Tensors& t) { return plain ? kernels::plain::bias_act(t[0], t[1], o) : kernels::bias_act(t[0], t[1], o); });
      };
      to.push_back({std::string("bias_act ") + names[a] + (format == at::MemoryFormat::Contiguous ? "" : ", channels last"),
                    {at::randn({3, 12, 17, 19}).contiguous(format), at::randn({12})}, compute, 2e-5});
    }
  }
}

void add_upfirdn2d(std::vector<Check>& to) {
  const auto add = [&](const char* name, const at::Tensor& filter, const kernels::UpFirDn& o) {
    const auto compute = [filter, o](const Tensors& in, bool plain) {
      return with_derivatives(in, [&](const Tensors& t) {
        const at::Tensor f = filter.defined() ? filter.to(t[0].device()) : filter;
        return plain ? kernels::plain::upfirdn2d(t[0], f, o) : kernels::upfirdn2d(t[0], f, o);
      });
    };
    to.push_back({std::string("upfirdn2d ") + name, {at::randn({2, 5, 21, 34})}, compute, 2e-5});
  };
  const at::Tensor four = kernels::setup_filter({1, 3, 3, 1}), twelve = kernels::setup_filter({1, 2, 5, 2, 1, -1, 3, 1, 1, 2, 0, 4}, true, false, 1.0, true);
  add("4 taps", four, {1, 1, 1, 1, {2, 1, 2, 1}, false, 1.0});
  add("4 taps, up 2", four, {2, 2, 1, 1, {2, 1, 2, 1}, false, 4.0});
  add("4 taps, down 2", four, {1, 1, 2, 2, {1, 1, 1, 1}, false, 1.0});
  add("12 taps, up 2", twelve, {2, 2, 1, 1, {6, 5, 6, 5}, false, 4.0});
  add("12 taps, down 2", twelve, {1, 1, 2, 2, {5, 5, 5, 5}, true, 1.0});
  add("not separable, up 2 x 3, down 3 x 2, cropped", at::randn({3, 5}), {2, 3, 3, 2, {5, -2, -3, 4}, false, 2.5});
  add("no filter", {}, {2, 2, 3, 3, {1, 0, 0, 2}, false, 1.5});
}

void add_the_rest(std::vector<Check>& to) {
  for (const std::int64_t channels : {1, 3, 4}) {
    to.push_back({"to_rgba8, " + std::to_string(channels) + " channels", {at::randn({channels, 101, 67})},
                  [](const Tensors& in, bool plain) { return Tensors{plain ? kernels::plain::to_rgba8(in[0]) : kernels::to_rgba8(in[0])}; }, 0.0});
  }
  for (const auto type : {at::kFloat, at::kDouble}) {
    to.push_back({type == at::kFloat ? "philox_normal, float32" : "philox_normal, float64", {at::empty({0})}, [type](const Tensors& in, bool) {
      const at::Tensor seeds = at::arange(300, at::kLong) * 77;
      const auto options = at::TensorOptions().dtype(type).device(in[0].device());
      return Tensors{kernels::philox_bits(seeds, 3, 777, in[0].device(), 5), kernels::philox_uniform(seeds, 3, 777, options, 5), kernels::philox_normal(seeds, 3, 777, options, 5)};
    }, 0.0, false});
  }
  to.push_back({"nearest_code", {at::randn({301, 24}), at::randn({130, 24})}, [](const Tensors& in, bool plain) {
    const at::Tensor found = plain ? kernels::plain::nearest_code(in[0], in[1]) : kernels::nearest_code(in[0], in[1]);
    return Tensors{(in[0] - in[1].index_select(0, found)).square().sum(1)};  // of nearly equal distances either may be found
  }, 1e-5});
  Tensors state;
  for (const std::int64_t size : {3, 70000, 1, 4096}) state.insert(state.end(), {at::randn({size}), at::randn({size}), at::randn({size}), at::rand({size})});
  to.push_back({"adam_step and ema_step", state, [](const Tensors& in, bool plain) {
    Tensors p, g, m, v, average;
    for (std::size_t k = 0; k < in.size(); k += 4) p.push_back(in[k].clone()), g.push_back(in[k + 1]), m.push_back(in[k + 2].clone()), v.push_back(in[k + 3].clone()), average.push_back(in[k].clone());
    const kernels::Adam options{0.01, 0.9, 0.99, 1e-8, true};
    plain ? kernels::plain::adam_step(p, g, m, v, 7, options) : kernels::adam_step(p, g, m, v, 7, options);
    plain ? kernels::plain::ema_step(average, p, 0.01) : kernels::ema_step(average, p, 0.01);
    for (const auto* list : {&m, &v, &average}) p.insert(p.end(), list->begin(), list->end());
    return p;
  }, 1e-6});
}

std::vector<Check> checks() {
  at::manual_seed(1);
  std::vector<Check> all;
  add_bias_act(all);
  add_upfirdn2d(all);
  add_the_rest(all);
  return all;
}

template <class One, class Other>
KernelCheck compare(const Check& check, const One& one, const Other& other) {
  KernelCheck result{check.name, std::numeric_limits<double>::infinity(), check.allowed, false, {}};
  try {
    result.error = difference(one(), other());
    result.ok = result.error <= check.allowed;
  } catch (const std::exception& error) {
    result.note = error.what();
  }
  return result;
}

}  // namespace

std::vector<KernelCheck> check_kernels_on_cpu() {
  std::vector<KernelCheck> results;
  for (const auto& c : checks()) {
    if (c.has_plain) results.push_back(compare(c, [&] { return c.compute(c.inputs, false); }, [&] { return c.compute(c.inputs, true); }));
  }
  return results;
}

std::vector<KernelCheck> check_kernels_on_cuda() {
  std::vector<KernelCheck> results;
  for (const auto& c : checks()) {
    Tensors on_cuda;
    for (const auto& t : c.inputs) on_cuda.push_back(t.to(at::kCUDA));
    results.push_back(compare(c, [&] { return c.compute(on_cuda, false); }, [&] { return c.compute(c.inputs, false); }));
  }
  return results;
}

}  // namespace orrery::bench
