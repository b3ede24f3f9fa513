// The operators against the same work composed of ATen calls (kernels/plain), on the shapes of StyleGAN2.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <tuple>

#include "engine/bench/bench.h"
#include "kernels/adam_step/adam_step.h"
#include "kernels/bias_act/bias_act.h"
#include "kernels/nearest_code/nearest_code.h"
#include "kernels/philox_normal/philox_normal.h"
#include "kernels/plain/plain_ops.h"
#include "kernels/to_rgba8/to_rgba8.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

namespace orrery::bench {
namespace {

using Shape = std::vector<std::int64_t>;
using Tensors = std::vector<at::Tensor>;
using Make = std::function<at::Tensor(const Tensors&)>;

std::string in_words(const Shape& shape) {
  std::string out;
  for (const auto size : shape) out += (out.empty() ? "[" : ", ") + std::to_string(size);
  return out + "]";
}

double distance(const Tensors& a, const Tensors& b) {
  double worst = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) worst = std::max(worst, relative_distance(a[k], b[k]));
  return worst;
}

Contest values(const Make& ours, const Make& peer, const Tensors& inputs) {
  const auto once = [inputs](const Make& f) {
    return [f, inputs] {
      const c10::InferenceMode inference;
      f(inputs);
    };
  };
  return {once(ours), once(peer), [=] { return distance({ours(inputs)}, {peer(inputs)}); }, 1e-5};
}

// Forward and the gradients of all inputs.
Contest with_gradients(const Make& ours, const Make& peer, Tensors inputs) {
  for (auto& t : inputs) t.requires_grad_();
  const at::Tensor dy = at::randn(ours(inputs).sizes());
  const auto run = [inputs, dy](const Make& f) { return torch::autograd::grad({f(inputs)}, inputs, {dy}); };
  return {[=] { run(ours); }, [=] { run(peer); }, [=] { return distance(run(ours), run(peer)); }, 1e-5};
}

void add_both(std::vector<Benchmark>& to, const std::string& name, const std::string& what, const Make& ours, const Make& peer, const std::vector<Shape>& shapes) {
  const auto inputs = [shapes] {
    at::manual_seed(1);
    Tensors made;
    for (const auto& s : shapes) made.push_back(at::randn(s));
    return made;
  };
  to.push_back({name, what, "plain ATen", [=] { return values(ours, peer, inputs()); }});
  to.push_back({name + "/training", what + ", forward and backward", "plain ATen", [=] { return with_gradients(ours, peer, inputs()); }});
}

void add_bias_act(std::vector<Benchmark>& to) {
  const kernels::BiasAct lrelu{1, kernels::Activation::lrelu, kernels::kLeakySlope, std::sqrt(2.0), 256.0};
  const Make ours = [=](const Tensors& in) { return kernels::bias_act(in[0], in[1], lrelu); };
  const Make peer = [=](const Tensors& in) { return kernels::plain::bias_act(in[0], in[1], lrelu); };
  for (const auto& [name, shape] : std::vector<std::pair<const char*, Shape>>{{"64px", {16, 128, 64, 64}}, {"16px", {16, 128, 16, 16}}, {"8px", {16, 128, 8, 8}}, {"256px", {1, 128, 256, 256}}, {"mapping", {16, 512}}}) {
    add_both(to, std::string("bias_act/") + name, "lrelu with bias, gain and clamp, " + in_words(shape), ours, peer, {shape, {shape[1]}});
  }
}

void add_upfirdn2d(std::vector<Benchmark>& to) {
  const at::Tensor filter = kernels::setup_filter({1, 3, 3, 1});
  const auto add = [&](const std::string& name, const std::string& what, const kernels::UpFirDn& o, const Shape& shape) {
    add_both(to, "upfirdn2d/" + name, what + ", " + in_words(shape), [=](const Tensors& in) { return kernels::upfirdn2d(in[0], filter, o); },
             [=](const Tensors& in) { return kernels::plain::upfirdn2d(in[0], filter, o); }, {shape});
  };
  add("blur/64px", "4 taps after a transposed convolution", {1, 1, 1, 1, {1, 1, 1, 1}, false, 4.0}, {16, 128, 65, 65});
  add("blur/16px", "4 taps after a transposed convolution", {1, 1, 1, 1, {1, 1, 1, 1}, false, 4.0}, {16, 128, 17, 17});
  add("blur/256px", "4 taps after a transposed convolution", {1, 1, 1, 1, {1, 1, 1, 1}, false, 4.0}, {1, 128, 257, 257});
  add("before_down/64px", "4 taps before a strided convolution", {1, 1, 1, 1, {2, 2, 2, 2}, false, 1.0}, {16, 128, 64, 64});
  add("up/rgb_64px", "2x up of the picture", {2, 2, 1, 1, {2, 1, 2, 1}, false, 4.0}, {16, 3, 32, 32});
  add("up/rgb_1024px", "2x up of the picture", {2, 2, 1, 1, {2, 1, 2, 1}, false, 4.0}, {1, 3, 512, 512});
  add("up/64px", "2x up of features", {2, 2, 1, 1, {2, 1, 2, 1}, false, 4.0}, {16, 128, 32, 32});
  add("down/64px", "2x down of features", {1, 1, 2, 2, {1, 1, 1, 1}, false, 1.0}, {16, 128, 64, 64});
}

// The shapes of a StyleGAN2 generator's parameters: many tiny, some large; about 24 million values.
Tensors parameters() {
  Tensors out;
  for (int k = 0; k < 8; ++k) out.push_back(at::randn({512, 512})), out.push_back(at::randn({512}));
  for (int k = 0; k < 9; ++k) out.push_back(at::randn({512, 512, 3, 3})), out.push_back(at::randn({512, 512})), out.push_back(at::randn({512})), out.push_back(at::randn({1}));
  for (int k = 0; k < 6; ++k) out.push_back(at::randn({128, 128, 3, 3})), out.push_back(at::randn({128, 512})), out.push_back(at::randn({3, 128, 1, 1})), out.push_back(at::randn({128}));
  return out;
}

struct AdamState {
  Tensors p = parameters(), g, m, v;
  AdamState() {
    for (const auto& t : p) g.push_back(at::randn_like(t)), m.push_back(at::randn_like(t)), v.push_back(at::rand_like(t));
  }
};

void add_optimiser(std::vector<Benchmark>& to) {
  to.push_back({"adam_step", "one step over 24 million parameters in 76 tensors, beta1 0", "ATen, tensor by tensor", [] {
    at::manual_seed(1);
    const auto ours = std::make_shared<AdamState>();
    at::manual_seed(1);
    const auto peer = std::make_shared<AdamState>();
    const kernels::Adam options;
    const auto step = [options](AdamState& s, auto f) { f(s.p, s.g, s.m, s.v, 100, options); };
    return Contest{[=] { step(*ours, kernels::adam_step); }, [=] { step(*peer, kernels::plain::adam_step); }, [=] {
      step(*ours, kernels::adam_step), step(*peer, kernels::plain::adam_step);
      return distance(ours->p, peer->p);
    }, 1e-6};
  }});
  to.push_back({"ema_step", "one update of 24 million parameters in 76 tensors", "ATen, tensor by tensor", [] {
    at::manual_seed(1);
    const auto average = std::make_shared<Tensors>(parameters()), p = std::make_shared<Tensors>(parameters()), other = std::make_shared<Tensors>();
    for (const auto& t : *average) other->push_back(t.clone());
    return Contest{[=] { kernels::ema_step(*average, *p, 1e-3); }, [=] { kernels::plain::ema_step(*other, *p, 1e-3); }, [=] {
      kernels::ema_step(*average, *p, 1e-3), kernels::plain::ema_step(*other, *p, 1e-3);
      return distance(*average, *other);
    }, 1e-6};
  }});
}

void add_pictures_and_noise(std::vector<Benchmark>& to) {
  for (const std::int64_t size : {64, 256, 1024}) {
    to.push_back({"to_rgba8/" + std::to_string(size) + "px", "one picture to RGBA8", "plain ATen", [size] {
      at::manual_seed(1);
      const at::Tensor x = at::randn({3, size, size});
      return Contest{[x] { kernels::to_rgba8(x); }, [x] { kernels::plain::to_rgba8(x); }, [x] {
        return (kernels::to_rgba8(x).to(at::kInt) - kernels::plain::to_rgba8(x).to(at::kInt)).abs().max().item<double>();
      }, 0.0};
    }});
  }
  to.push_back({"philox_normal/16x64px", "per-sample noise for 16 pictures of 64 px, 8 channels", "at::randn (one state for all samples)", [] {
    const at::Tensor seeds = at::arange(16, at::kLong);
    const std::int64_t per_row = 8 * 64 * 64;
    return Contest{[=] { kernels::philox_normal(seeds, 0, per_row, at::kFloat); }, [=] { at::randn({16, per_row}); }, [=] {
      const at::Tensor n = kernels::philox_normal(seeds, 0, per_row, at::kFloat);  // not the same numbers: the moments are compared
      return std::max(std::abs(n.mean().item<double>()), std::abs(n.std().item<double>() - 1.0));
    }, 0.01};
  }});
}

void add_nearest_code(std::vector<Benchmark>& to) {
  for (const auto& [name, rows, codes, dim] : std::vector<std::tuple<const char*, std::int64_t, std::int64_t, std::int64_t>>{{"16x16", 256, 1024, 64}, {"batch", 8192, 512, 64}, {"vqgan", 256, 16384, 256}}) {
    to.push_back({std::string("nearest_code/") + name, std::to_string(rows) + " rows of " + std::to_string(dim) + " against " + std::to_string(codes) + " codes", "plain ATen", [rows = rows, codes = codes, dim = dim] {
      at::manual_seed(1);
      const at::Tensor x = at::randn({rows, dim}), book = at::randn({codes, dim});
      return Contest{[=] { kernels::nearest_code(x, book); }, [=] { kernels::plain::nearest_code(x, book); }, [=] {
        const auto distance_of = [&](const at::Tensor& found) { return (x - book.index_select(0, found)).to(at::kDouble).square().sum(1); };
        return relative_distance(distance_of(kernels::nearest_code(x, book)), distance_of(kernels::plain::nearest_code(x, book)));  // of nearly equal ones either may be found
      }, 1e-5};
    }});
  }
}

}  // namespace

std::vector<Benchmark> kernel_benchmarks() {
  std::vector<Benchmark> all;
  add_bias_act(all);
  add_upfirdn2d(all);
  add_pictures_and_noise(all);
  add_optimiser(all);
  add_nearest_code(all);
  return all;
}

}  // namespace orrery::bench
