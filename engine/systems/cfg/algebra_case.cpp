#include <ATen/ops/cat.h>
#include <ATen/ops/one_hot.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/where.h>

#include <cmath>

#include "engine/diffusion/ddpm_case_tools.h"
#include "engine/diffusion/discrete_steps.h"
#include "engine/diffusion/guidance.h"
#include "engine/systems/cfg/cases.h"

namespace orrery::cfg {
namespace {

using namespace diffusion;

void report_scales(parity::Case& reference, const at::Tensor& c, const at::Tensor& u) {
  const std::map<std::string, double> scales{{"0", 0.0}, {"1", 1.0}, {"1.5", 1.5}, {"3", 3.0}, {"7.5", 7.5}};
  for (const auto& [text, scale] : scales) reference.report("out.eps.s" + text, guide(c, u, scale));
  for (const auto& [text, weight] : std::map<std::string, double>{{"0", 0.0}, {"0.5", 0.5}, {"2", 2.0}}) reference.report("out.eps.paper_w" + text, guide(c, u, 1.0 + weight));
  for (const char* text : {"3", "7.5"})
    for (const auto& [share_text, share] : std::map<std::string, double>{{"0", 0.0}, {"0.7", 0.7}, {"1", 1.0}})
      reference.report(std::string("out.rescale.s") + text + ".phi" + share_text, rescale_guided(guide(c, u, scales.at(text)), c, share));
}

void report_projected(parity::Case& reference, const at::Tensor& c, const at::Tensor& u) {
  const auto once = [&](const char* name, ProjectedGuidance options) {
    at::Tensor average;
    reference.report(std::string("out.apg.") + name, guide_projected(c, u, options, average));
  };
  once("eta1", {.scale = 3.0});
  once("eta0", {.scale = 3.0, .parallel = 0.0});
  once("thr", {.scale = 3.0, .parallel = 0.5, .most = 2.0});
  once("original", {.scale = 3.0, .parallel = 0.0, .from_conditional = true});
  at::Tensor average;
  std::vector<at::Tensor> calls;
  for (const double factor : {1.0, 1.2, 1.4}) calls.push_back(guide_projected(c * factor, u, {.scale = 3.0, .parallel = 0.5, .momentum = -0.5}, average));
  reference.report("out.apg.momentum", at::stack(calls));
}

// Guiding x0 or v is guiding the noise, until x0 is clipped.
void report_coordinates(parity::Case& reference, const at::Tensor& c, const at::Tensor& u) {
  const at::Tensor x = reference.in("in.x");
  const std::vector<double> powers = values_of(reference.in("in.alpha_bar"));
  std::vector<at::Tensor> x0, after, before, v;
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    const double power = powers[static_cast<std::size_t>(i)];
    const auto x0_under = [&](const at::Tensor& noise) { return x0_of(x[i], noise[i], power); };
    const auto v_under = [&](const at::Tensor& noise) { return noise[i] * std::sqrt(power) - x0_under(noise) * std::sqrt(1.0 - power); };
    x0.push_back(guide(x0_under(c), x0_under(u), 3.0));
    after.push_back(x0.back().clamp(-1.0, 1.0));
    before.push_back(guide(x0_under(c).clamp(-1.0, 1.0), x0_under(u).clamp(-1.0, 1.0), 3.0));
    v.push_back(guide(v_under(c), v_under(u), 3.0));
  }
  reference.report("out.x0.s3", at::stack(x0));
  reference.report("out.x0.s3_clip_after", at::stack(after));
  reference.report("out.x0.s3_clip_before", at::stack(before));
  reference.report("out.v.s3", at::stack(v));
}

void report_dropped_labels(parity::Case& reference) {
  constexpr double probability = 0.1;
  const at::Tensor labels = reference.in("in.labels"), draw = reference.in("in.drop_draw");
  const auto classes = reference.in("out.onehot_dropped").size(1);
  const at::Tensor kept = drop_classes(at::one_hot(labels, classes).to(at::kFloat), draw, probability);
  reference.report("out.onehot_dropped", kept);
  // A label of its own stands for the empty row elsewhere.
  reference.report("out.labels_dropped", at::where(kept.sum(1).gt(0), kept.argmax(1), classes));
}

}  // namespace

void run_algebra_case(parity::Case& reference) {
  const at::Tensor whole_c = reference.in("in.cond"), whole_u = reference.in("in.uncond");
  const auto channels = reference.in("in.x").size(1);
  const at::Tensor c = whole_c.narrow(1, 0, channels), u = whole_u.narrow(1, 0, channels);
  report_scales(reference, c, u);
  report_projected(reference, c, u);
  report_coordinates(reference, c, u);
  report_dropped_labels(reference);

  // GLIDE: both halves get the guided noise and keep their own variance.
  for (const auto& [text, scale] : std::map<std::string, double>{{"1", 1.0}, {"3", 3.0}}) {
    const at::Tensor noise = guide(c, u, scale), rest_c = whole_c.narrow(1, channels, whole_c.size(1) - channels), rest_u = whole_u.narrow(1, channels, whole_u.size(1) - channels);
    reference.report("out.glide.s" + text, at::cat({at::cat({noise, rest_c}, 1), at::cat({noise, rest_u}, 1)}));
  }
  reference.report("out.negative.s3", guide(c, reference.in("in.negative"), 3.0));
  reference.report("out.two_prompts", guide_many({{c, 2.0}, {reference.in("in.cond2"), 1.25}}, u));
  const at::Tensor alpha = fitted_unconditional_scale(c, u);
  reference.report("out.zero_star.alpha", alpha.flatten(1));
  reference.report("out.zero_star.s3", guide(c, u * alpha, 3.0));
  const at::Tensor logits = guide(reference.in("in.logits_cond"), reference.in("in.logits_uncond"), 3.0);
  reference.report("out.logits.t2", logits);
  reference.report("out.probs.t2", at::softmax(logits, -1));
}

}  // namespace orrery::cfg
