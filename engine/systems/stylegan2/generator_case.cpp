#include <torch/csrc/autograd/autograd.h>

#include "engine/systems/stylegan2/case_networks.h"
#include "engine/systems/stylegan2/cases.h"

namespace orrery::stylegan2 {
namespace {

using nn::StyleGan2Generator;

at::Tensor input(const parity::Case& reference, const std::string& name, at::ScalarType dtype) {
  return reference.has(name) ? reference.in(name).to(dtype) : at::Tensor();
}

// The pass that gradients are recorded of: psi 1, constant noise, sum(img * probe).
void run_gradients(parity::Case& reference, StyleGan2Generator& g, at::ScalarType dtype, const std::string& suffix) {
  const at::Tensor z = input(reference, "in.z", dtype).requires_grad_(true), c = input(reference, "in.c", dtype);
  const at::Tensor ws = g.map(z, c);
  reference.report("out.ws" + suffix, ws);
  const LayerTap tap =
      suffix.empty() ? LayerTap([&](const std::string& name, const at::Tensor& x) { reference.report("tap." + name, x); }) : LayerTap();
  const at::Tensor image = g.synthesise_tapped(ws, {}, tap);
  reference.report("out.img" + suffix, image);
  if (!reference.has("in.probe")) return;

  std::vector<at::Tensor> wanted{z, ws};
  std::vector<std::string> names{"z" + suffix, "ws" + suffix};
  for (const auto& item : g.named_parameters()) {
    wanted.push_back(item.value());
    names.push_back("param." + item.key() + suffix);
  }
  const auto gradients =
      torch::autograd::grad({(image * reference.in("in.probe").to(dtype)).sum()}, wanted, {}, false, false, /*allow_unused=*/true);
  for (std::size_t i = 0; i < names.size(); ++i) {
    reference.report("grad." + names[i], gradients[i].defined() ? gradients[i] : at::zeros_like(wanted[i]));
  }
}

void run_variants(parity::Case& reference, StyleGan2Generator& g) {
  const at::NoGradGuard no_grad;
  const at::Tensor ws = g.map(reference.in("in.z"), input(reference, "in.c", at::kFloat));
  SynthesisNoise noise;
  if (reference.has("in.psi")) {
    const double psi = reference.in("in.psi").item<double>();
    if (reference.has("in.cutoff")) {
      const at::Tensor truncated = nn::truncate(ws, g.w_average(), psi, reference.in("in.cutoff").item<std::int64_t>());
      reference.report("out.ws_trunc", truncated);
      reference.report("out.img_trunc", g.synthesise(truncated, noise));
    }
    reference.report("out.img_trunc_all", g.synthesise(nn::truncate(ws, g.w_average(), psi), noise));
  }
  noise.mode = SynthesisNoise::Mode::none;
  reference.report("out.img_nonoise", g.synthesise(ws, noise));
  noise.mode = SynthesisNoise::Mode::random;
  noise.given = with_prefix(reference.io, "in.noise.");
  if (!noise.given.empty()) reference.report("out.img_random", g.synthesise(ws, noise));
}

}  // namespace

void run_generator_case(parity::Case& reference) {
  const auto g = generator_from_args(reference.args());
  load(*g, reference.weights);
  run_gradients(reference, *g, at::kFloat, "");
  run_variants(reference, *g);

  // A training pass: the same networks, the running mean of w moves.
  g->train();
  const at::Tensor c = input(reference, "in.c", at::kFloat);
  const at::Tensor ws = g->map(reference.in("in.z"), c);
  g->track_w(ws, c);
  reference.report("out.img_train", g->synthesise(ws, {}));
  reference.report("out.w_avg_after", g->w_average());

  const auto twin = generator_from_args(reference.args());
  load(*twin, reference.weights);
  to_double(*twin);
  run_gradients(reference, *twin, at::kDouble, "_f64");
}

}  // namespace orrery::stylegan2
