#include "engine/systems/ada/cases.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tanh.h>
#include <ATen/ops/tensor.h>
#include <torch/csrc/autograd/autograd.h>

#include <cstdio>

#include "engine/api/result.h"
#include "engine/gan/adaptive_p.h"
#include "engine/gan/augment_pipe.h"
#include "engine/gan/wavelets.h"
#include "kernels/upfirdn2d/upfirdn2d.h"

namespace orrery {
namespace {

using gan::AugmentConfig;
using gan::AugmentDraw;
using nlohmann::json;

AugmentConfig none() {
  AugmentConfig c;
  for (double* multiplier : {&c.xflip, &c.rotate90, &c.xint, &c.scale, &c.rotate, &c.aniso, &c.xfrac, &c.brightness, &c.contrast, &c.lumaflip,
                             &c.hue, &c.saturation, &c.imgfilter, &c.noise, &c.cutout}) {
    *multiplier = 0.0;
  }
  return c;
}

AugmentConfig only(const json& operations) {
  json patch = json::object();
  for (const auto& name : operations) patch[name.get<std::string>()] = 1.0;
  AugmentConfig config = none();
  config::from_config(patch, config);
  return config;
}

at::Tensor table(const std::vector<double>& values) { return at::tensor(values, at::kDouble); }

void filters(parity::Case& reference) {
  for (const auto& name : gan::wavelet_names()) reference.report("table.wavelet." + name, table(gan::wavelet_low_pass(name)));
  const at::Tensor low = table(gan::wavelet_low_pass("sym6"));
  reference.report("table.Hz_geom_f64", low / low.sum());
  reference.report("table.Hz_geom", kernels::setup_filter(gan::wavelet_low_pass("sym6"), true, false, 1.0, true));
  std::vector<double> flat;
  for (const auto& row : gan::wavelet_filter_bank("sym2", 4)) flat.insert(flat.end(), row.begin(), row.end());
  const at::Tensor bank = table(flat).reshape({4, -1});
  reference.report("table.Hz_fbank_f64", bank);
  reference.report("table.Hz_fbank", bank.to(at::kFloat));
}

// One setting at one percentile, in float32 and, where it is recorded, in float64.
void at_percentile(parity::Case& reference, const std::string& name, const AugmentConfig& config, const json& percentile, double q,
                   const at::Tensor& images, const at::Tensor& noise) {
  const std::string suffix = name + ".q" + percentile.dump();
  const std::vector<AugmentDraw> draws(images.size(0), AugmentDraw::at_percentile(q));
  gan::AugmentTrace trace;
  reference.report("out." + suffix, gan::augment(images, config, 1.0, draws, noise, &trace));
  if (trace.theta.defined()) {
    reference.report("tap." + suffix + ".theta", trace.theta);
    reference.report("tap." + suffix + ".pad", at::tensor(trace.padding, at::kLong));
  }
  if (reference.has("out." + suffix + "_f64")) {
    reference.report("out." + suffix + "_f64", gan::augment(images.to(at::kDouble), config, 1.0, draws, noise.defined() ? noise.to(at::kDouble) : noise));
  }
}

// Here the percentiles were kept as float32 numbers, in the float64 twins too; in the case of all operations they were not.
void each_op(parity::Case& reference) {
  for (const auto& name : reference.args().at("ops")) {
    for (const auto& q : reference.args().at("percentiles")) {
      at_percentile(reference, name.get<std::string>(), only(json::array({name})), q, q.get<float>(), reference.in("in.img"), reference.in("in.noise"));
    }
  }
}

void all_ops(parity::Case& reference) {
  const json& args = reference.args();
  AugmentConfig changed = none();
  config::from_config(args.at("changed"), changed);
  for (const auto& q : args.at("percentiles")) {
    at_percentile(reference, "all", only(args.at("all")), q, q.get<double>(), reference.in("in.img"), reference.in("in.noise_all"));
    at_percentile(reference, "bgc", only(args.at("bgc")), q, q.get<double>(), reference.in("in.img"), {});
    at_percentile(reference, "changed", changed, q, q.get<double>(), reference.in("in.img"), reference.in("in.noise_changed"));
    at_percentile(reference, "mono", only(args.at("all")), q, q.get<double>(), reference.in("in.mono"), reference.in("in.noise_mono"));
  }
}

std::vector<AugmentDraw> recorded_draws(const parity::Case& reference, std::int64_t count) {
  std::vector<AugmentDraw> draws(count);
  for (std::int64_t n = 0; n < count; ++n) {
    const auto number = [&](const std::string& name, std::int64_t k = 0) {
      return reference.in("in.draw." + name).reshape({count, -1}).select(0, n).select(0, k).to(at::kDouble).item<double>();
    };
    const auto one = [&](const std::string& op, const std::string& what) { return gan::Toss{number(op + "." + what), number(op + ".on")}; };
    const auto two = [&](const std::string& op, const std::string& what) {
      return gan::Toss2{{number(op + "." + what, 0), number(op + "." + what, 1)}, number(op + ".on")};
    };
    AugmentDraw& d = draws[n];
    d.xflip = one("xflip", "i");
    d.rotate90 = one("rotate90", "i");
    d.xint = two("xint", "t");
    d.scale = one("scale", "s");
    d.rotate_pre = one("rotate_pre", "theta");
    d.aniso = one("aniso", "s");
    d.rotate_post = one("rotate_post", "theta");
    d.xfrac = two("xfrac", "t");
    d.brightness = one("brightness", "b");
    d.contrast = one("contrast", "c");
    d.lumaflip = one("lumaflip", "i");
    d.hue = one("hue", "theta");
    d.saturation = one("saturation", "s");
    for (int band = 0; band < 4; ++band) {
      const std::string k = std::to_string(band);
      d.imgfilter[band] = {number("imgfilter.t" + k), number("imgfilter.on" + k)};
    }
    d.noise = one("noise", "sigma");
    d.cutout = two("cutout", "center");
  }
  return draws;
}

// The whole pipe with every draw given, its gradient, and the gradient of an R1-like penalty through it. The float64 twins of this case
// were recorded with float64 filters too (their float32 rounding would show in the seventh digit); those of the other two were not.
void random_draws(parity::Case& reference) {
  const AugmentConfig config = only(reference.args().at("ops"));
  const double p = reference.in("in.p").to(at::kDouble).item<double>();
  const std::vector<AugmentDraw> draws = recorded_draws(reference, reference.in("in.img").size(0));
  for (const auto type : {at::kFloat, at::kDouble}) {
    const std::string suffix = type == at::kDouble ? "_f64" : "";
    const at::Tensor images = reference.in("in.img").to(type).detach().clone().requires_grad_(true);
    const at::Tensor probe = reference.in("in.probe").to(type), noise = reference.in("in.draw.noise.image").to(type);
    gan::AugmentTrace trace;
    const auto filters = type == at::kDouble ? gan::AugmentFilters::float64 : gan::AugmentFilters::float32;
    const at::Tensor out = gan::augment(images, config, p, draws, noise, &trace, filters);
    reference.report("out.img" + suffix, out.detach());
    reference.report("tap.theta", trace.theta);
    reference.report("tap.pad", at::tensor(trace.padding, at::kLong));
    reference.report("grad.img" + suffix, torch::autograd::grad({(out * probe).sum()}, {images}, {}, true)[0]);
    const at::Tensor slope = torch::autograd::grad({at::tanh(out * probe).sum()}, {images}, {}, true, true)[0];
    const at::Tensor penalty = slope.square().sum({1, 2, 3});
    reference.report("out.penalty" + suffix, penalty.detach());
    reference.report("grad.penalty_img" + suffix, torch::autograd::grad({penalty.sum()}, {images})[0]);
  }
}

void adaptive(parity::Case& reference) {
  int index = 0;
  for (const auto& one : reference.args().at("cases")) {
    const std::string name = std::to_string(index++);
    gan::AdaptiveConfig config;
    config.target = one.at("target").get<double>();
    config.speed_kimg = one.at("kimg").get<double>();
    float p = one.at("p0").get<float>();
    std::vector<float> path;
    const at::Tensor signs = reference.in("in." + name + ".sign_mean").to(at::kDouble);
    for (std::int64_t k = 0; k < signs.numel(); ++k) {
      p = gan::adjusted_p(p, signs.select(0, k).item<double>(), one.at("batch").get<double>() * one.at("interval").get<double>(), config);
      path.push_back(p);
    }
    reference.report("out." + name + ".p", at::tensor(path));
  }
  double sum = 0.0, count = 0.0;
  for (int k = 0; reference.has("in.logits" + std::to_string(k)); ++k) {
    const at::Tensor signs = reference.in("in.logits" + std::to_string(k)).sign().to(at::kDouble);
    sum += signs.sum().item<double>();
    count += static_cast<double>(signs.numel());
  }
  reference.report("out.r", at::full({}, sum / count, at::kDouble));
}

}  // namespace

void run_ada_case(parity::Case& reference) {
  const json& args = reference.args();
  if (reference.has("table.Hz_geom")) return filters(reference);
  if (args.contains("each")) return each_op(reference);
  if (args.contains("changed")) return all_ops(reference);
  if (reference.has("in.probe")) return random_draws(reference);
  if (args.contains("cases")) return adaptive(reference);
  throw Error(ErrorCode::bad_input, "The case " + reference.name + " is of a form that ada does not know.");
}

}  // namespace orrery
