#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/autograd.h>

#include <array>

#include "engine/api/result.h"
#include "engine/nn/resample_conv.h"
#include "engine/systems/stylegan2/cases.h"
#include "kernels/bias_act/bias_act.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

namespace orrery::stylegan2 {
namespace {

using Json = nlohmann::json;
using torch::autograd::grad;

// One number for both, [x, y], or [x0, x1, y0, y1].
std::array<std::int64_t, 4> padding_of(const Json& args) {
  if (!args.contains("padding")) return {0, 0, 0, 0};
  const Json& p = args["padding"];
  if (p.is_number()) return {p, p, p, p};
  if (p.size() == 2) return {p[0], p[0], p[1], p[1]};
  return {p.at(0), p.at(1), p.at(2), p.at(3)};
}

std::array<std::int64_t, 2> factors_of(const Json& args, const char* name) {
  if (!args.contains(name)) return {args.contains("fn") && args["fn"] != "upfirdn2d" && args["fn"] != "filter2d" ? 2 : 1, 0};
  const Json& f = args[name];
  return f.is_number() ? std::array<std::int64_t, 2>{f, f} : std::array<std::int64_t, 2>{f.at(0), f.at(1)};
}

// Reports out.<key>.y, the gradients of sum(y dy) by name, and the float64 value.
struct Op {
  parity::Case& reference;
  std::string key;
  std::map<std::string, at::Tensor> inputs;  // by the letter of grad.<key>.<letter>
  std::function<at::Tensor(const std::map<std::string, at::Tensor>&, at::ScalarType)> compute;

  void run() const {
    std::map<std::string, at::Tensor> leaves;
    std::vector<at::Tensor> list;
    for (const auto& [name, tensor] : inputs) {
      if (!tensor.defined()) continue;
      leaves[name] = tensor.detach().clone().requires_grad_(true);
      list.push_back(leaves[name]);
    }
    const at::Tensor y = compute(leaves, at::kFloat);
    reference.report("out." + key + ".y", y);
    if (reference.has("in." + key + ".dy") || reference.has("in.dy")) {
      const at::Tensor dy = reference.has("in." + key + ".dy") ? reference.in("in." + key + ".dy") : reference.in("in.dy");
      const auto first = grad({(y * dy).sum()}, list, {}, true, true);
      std::size_t i = 0;
      for (const auto& [name, leaf] : leaves) reference.report("grad." + key + "." + name, first[i++]);
      if (reference.has("grad." + key + ".xx")) {
        const auto position = static_cast<std::size_t>(std::distance(leaves.begin(), leaves.find("x")));
        const auto second =
            grad({(first[position] * reference.in("in.ddx")).sum()}, {leaves.at("x")}, {}, false, false, /*allow_unused=*/true);
        reference.report("grad." + key + ".xx", second[0].defined() ? second[0] : at::zeros_like(leaves.at("x")));
      }
    }
    const at::NoGradGuard no_grad;
    std::map<std::string, at::Tensor> twins;
    for (const auto& [name, leaf] : leaves) twins[name] = leaf.detach().to(at::kDouble);
    reference.report("out." + key + ".y_f64", compute(twins, at::kDouble));
  }
};

void run_bias_act(parity::Case& reference, const std::string& key, const Json& args) {
  kernels::BiasAct act;
  act.activation = kernels::activation_from_name(args.at("act").get<std::string>());
  act.alpha = args.value("alpha", kernels::kLeakySlope);
  act.gain = args.value("gain", kernels::default_gain(act.activation));
  act.clamp = args.value("clamp", -1.0);
  act.dim = args.value("dim", std::int64_t{1});
  const bool bias = !args.value("nob", false);
  Op op{reference, key, {{"x", reference.in("in.x")}}, [act](const auto& in, at::ScalarType) {
          return kernels::bias_act(in.at("x"), in.count("b") ? in.at("b") : at::Tensor(), act);
        }};
  if (bias) op.inputs["b"] = reference.in(act.dim == 1 ? "in.b" : "in.b_last");
  op.run();
}

at::Tensor filter_of(const parity::Case& reference, const Json& args, const std::string& prefix) {
  const std::string name = args.value("f", std::string("none"));
  return name == "none" ? at::Tensor() : reference.in(prefix + name);
}

// upsample2d, downsample2d and filter2d are upfirdn2d with padding that keeps pictures centred, added to the given one.
void run_upfirdn(parity::Case& reference, const std::string& key, const Json& args) {
  const std::string function = args.at("fn").get<std::string>();
  const at::Tensor filter = filter_of(reference, args, "in.filter.");
  kernels::UpFirDn o;
  o.padding = padding_of(args);
  o.flip_filter = args.value("flip_filter", false);
  o.gain = args.value("gain", 1.0);
  const std::int64_t fw = filter.defined() ? filter.size(-1) : 1, fh = filter.defined() ? filter.size(0) : 1;
  if (function == "upfirdn2d" || function == "upsample2d") {
    const auto up = args.contains("up") || function == "upsample2d" ? factors_of(args, "up") : std::array<std::int64_t, 2>{1, 1};
    o.up_x = up[0], o.up_y = up[1] == 0 ? up[0] : up[1];
  }
  if (function == "upfirdn2d" || function == "downsample2d") {
    const auto down = args.contains("down") || function == "downsample2d" ? factors_of(args, "down") : std::array<std::int64_t, 2>{1, 1};
    o.down_x = down[0], o.down_y = down[1] == 0 ? down[0] : down[1];
  }
  auto& p = o.padding;
  if (function == "upsample2d") {
    p = {p[0] + (fw + o.up_x - 1) / 2, p[1] + (fw - o.up_x) / 2, p[2] + (fh + o.up_y - 1) / 2, p[3] + (fh - o.up_y) / 2};
    o.gain *= static_cast<double>(o.up_x * o.up_y);
  } else if (function == "downsample2d") {
    p = {p[0] + (fw - o.down_x + 1) / 2, p[1] + (fw - o.down_x) / 2, p[2] + (fh - o.down_y + 1) / 2, p[3] + (fh - o.down_y) / 2};
  } else if (function == "filter2d") {
    p = {p[0] + fw / 2, p[1] + (fw - 1) / 2, p[2] + fh / 2, p[3] + (fh - 1) / 2};
  } else if (function != "upfirdn2d") {
    throw Error(ErrorCode::bad_input, "args.cases." + key + ".fn is \"" + function + "\", which is not known here.");
  }
  const bool plain = o.padding == padding_of({}) && args.size() == 2;
  Op{reference,
     key,
     {{"x", reference.in("in.x")}},
     [=](const auto& in, at::ScalarType) {
       const at::Tensor& x = in.at("x");
       if (plain && function == "upsample2d") return kernels::upsample2d(x, filter);
       if (plain && function == "downsample2d") return kernels::downsample2d(x, filter);
       if (plain && function == "filter2d") return kernels::filter2d(x, filter);
       return kernels::upfirdn2d(x, filter, o);
     }}
      .run();
}

void run_convolution(parity::Case& reference, const std::string& key, const Json& args) {
  const at::Tensor filter = filter_of(reference, args, "in.");
  nn::ResampleConv o;
  o.up = args.value("up", 1);
  o.down = args.value("down", 1);
  o.padding = padding_of(args);
  o.groups = args.value("groups", 1);
  o.flip_weight = args.value("flip_weight", true);
  o.flip_filter = args.value("flip_filter", false);
  const bool modulated = reference.has("grad." + key + ".styles") || args.contains("demodulate") || args.contains("fused_modconv");
  const bool demodulate = args.value("demodulate", true), fused = args.value("fused_modconv", true), noisy = args.value("noise", false);
  Op op{reference,
        key,
        {{"x", reference.in("in.x")}, {"w", reference.in("in." + args.at("w").get<std::string>())}},
        [&, o, filter](const auto& in, at::ScalarType dtype) {
          if (!modulated) return nn::resample_conv2d(in.at("x"), in.at("w"), filter, o);
          const at::Tensor noise = noisy ? reference.in("in.noise").to(dtype) : at::Tensor();
          return nn::modulated_conv2d(in.at("x"), in.at("w"), in.at("styles"), noise, filter, o, demodulate, fused);
        }};
  if (modulated) op.inputs["styles"] = reference.in("in.styles");
  op.run();
}

}  // namespace

void run_operator_case(parity::Case& reference) {
  for (const auto& [key, args] : reference.args().at("cases").items()) {
    if (args.contains("act"))
      run_bias_act(reference, key, args);
    else if (args.contains("fn"))
      run_upfirdn(reference, key, args);
    else if (args.contains("w"))
      run_convolution(reference, key, args);
    else
      throw Error(ErrorCode::bad_input, "args.cases." + key + " is of no operator known here.");
  }
  // The filter builder, where the case has it.
  if (reference.has("in.asym_raw"))
    reference.report("out.setup_flip_gain", kernels::setup_filter(reference.in("in.asym_raw"), true, true, 3.0));
  const std::vector<double> taps{1, 3, 3, 1};
  reference.report("out.setup_nonorm_sep", kernels::setup_filter(taps, false, false, 9.0, true));
}

}  // namespace orrery::stylegan2
