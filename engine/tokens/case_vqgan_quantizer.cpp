#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "engine/api/result.h"
#include "engine/io/module_weights.h"
#include "engine/parity/arguments.h"
#include "engine/tokens/cases.h"
#include "engine/tokens/code_remap.h"
#include "engine/tokens/gumbel_quantizer.h"
#include "engine/tokens/quantizer.h"

namespace orrery::tokens {
namespace {

struct Options {
  std::int64_t codes = 0, dim = 0;
  double beta = 0.25, kl_weight = 5e-4;
};

using Weights = std::map<std::string, at::Tensor>;

// The weights of the nearest-code quantiser, and those of the Gumbel one, which stand under a prefix.
std::pair<Weights, Weights> split(const Weights& all) {
  const std::string prefix = "gumbel.";
  std::pair<Weights, Weights> out;
  for (const auto& [name, tensor] : all) {
    if (name.rfind(prefix, 0) == 0) out.second[name.substr(prefix.size())] = tensor;
    else out.first[name] = tensor;
  }
  return out;
}

void run_nearest(parity::Case& reference, GradientQuantizer& quantizer, const Options& o) {
  for (const bool legacy : {true, false}) {
    const std::string name = legacy ? ".legacy" : ".fixed";
    const at::Tensor z = reference.in("in.z").clone().requires_grad_(true), rows = to_rows(z), codebook = quantizer.codebook();
    const Quantized q = quantizer.quantize(rows);
    const at::Tensor out = to_maps(q.vectors), loss = vqgan_loss(rows, q.looked_up, o.beta, legacy).mean();
    const auto gradients = torch::autograd::grad({(out * reference.in("in.cotangent")).sum() + loss}, {z, codebook});
    reference.report("out.quantized" + name, out);
    reference.report("out.loss" + name, loss);
    reference.report("out.indices" + name, q.codes.flatten());
    reference.report("grad.z" + name, gradients[0]);
    reference.report("grad.embedding.weight" + name, gradients[1]);
  }
}

void run_remap(parity::Case& reference, const GradientQuantizer& quantizer, const Options& o) {
  const CodeRemap remap(reference.in("in.used"), o.codes);
  const at::Tensor numbers = remap.to_used(nearest_codes(to_rows(reference.in("in.z")), quantizer.codebook())), codes = remap.to_all(numbers);
  reference.report("out.indices.remap_extra", numbers);
  reference.report("out.unmapped", codes.flatten(1));
  reference.report("out.entry", to_maps(look_up(codes, quantizer.codebook())));
}

void run_gumbel(parity::Case& reference, const GumbelQuantizer& gumbel, at::Tensor proj, const std::string& name, double temperature, bool hard) {
  if (!reference.has("in.exponential." + name)) return;
  const at::Tensor x = reference.in("in.gumbel_x").clone().requires_grad_(true);
  const GumbelQuantized out = gumbel.forward(x, -reference.in("in.exponential." + name).log(), temperature, hard);
  const at::Tensor kl = out.kl.mean();
  const auto gradients = torch::autograd::grad({(out.maps * reference.in("in.gumbel_cotangent")).sum() + kl * 100.0}, {x, proj});
  reference.report("out." + name + ".quantized", out.maps);
  reference.report("out." + name + ".kl", kl);
  reference.report("out." + name + ".indices", out.codes);
  reference.report("grad." + name + ".x", gradients[0]);
  reference.report("grad." + name + ".proj.weight", gradients[1]);
}

// Runs are named "gumbel_train", "gumbel_train_soft_t0.7", "gumbel_eval": hard but for the soft ones, temperature 1 unless the name tells it.
void run_gumbels(parity::Case& reference, const GumbelQuantizer& gumbel, const at::Tensor& proj) {
  const std::string prefix = "in.exponential.";
  for (const auto& [key, tensor] : reference.io) {
    if (key.rfind(prefix, 0) != 0) continue;
    const std::string name = key.substr(prefix.size());
    const auto told = name.rfind("_t0.") != std::string::npos ? name.rfind("_t0.") : name.rfind("_t1.");
    const double temperature = told == std::string::npos ? 1.0 : std::stod(name.substr(told + 2));
    run_gumbel(reference, gumbel, proj, name, temperature, name.find("soft") == std::string::npos);
  }
}

}  // namespace

void run_vqgan_quantizer_case(parity::Case& reference) {
  Options o;
  parity::Arguments args(reference.args(), "args");
  args.read("n_e", o.codes);
  args.read("e_dim", o.dim);
  args.read("beta", o.beta);
  args.read("kl_weight", o.kl_weight);
  args.done();
  const auto [nearest, soft] = split(reference.weights);
  GradientQuantizer quantizer(o.codes, o.dim);
  io::load_weights(quantizer, nearest);
  run_nearest(reference, quantizer, o);
  run_remap(reference, quantizer, o);

  const auto proj = soft.find("proj.weight");
  if (proj == soft.end()) throw Error(ErrorCode::bad_input, "The case has no weights of a Gumbel quantiser.");
  GumbelQuantizer gumbel(proj->second.size(1), o.codes, o.dim, o.kl_weight);
  io::load_weights(gumbel, soft);
  run_gumbels(reference, gumbel, gumbel.named_parameters()["proj.weight"]);
}

}  // namespace orrery::tokens
