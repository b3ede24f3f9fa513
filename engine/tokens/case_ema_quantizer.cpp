#include <ATen/core/grad_mode.h>

#include "engine/io/module_weights.h"
#include "engine/parity/arguments.h"
#include "engine/tokens/cases.h"
#include "engine/tokens/quantizer.h"

namespace orrery::tokens {
namespace {

struct Options {
  std::int64_t dim = 0, codes = 0;
  double decay = 0.99, eps = 1e-5;
};

Options options_of(const parity::Case& reference) {
  Options o;
  parity::Arguments args(reference.args(), "args");
  args.read("dim", o.dim);
  args.read("n_embed", o.codes);
  args.read("decay", o.decay);
  args.read("eps", o.eps);
  args.done();
  return o;
}

at::Tensor difference(const at::Tensor& rows, const Quantized& q) { return commitment_loss(rows, q.looked_up).mean(); }

void run_eval(parity::Case& reference, const EmaQuantizer& quantizer) {
  const at::Tensor x = reference.in("in.x0").clone().requires_grad_(true);
  const Quantized q = quantizer.quantize(x);
  const at::Tensor diff = difference(x, q);
  ((q.vectors * reference.in("in.cotangent")).sum() + diff * 0.25).backward();
  reference.report("out.quantized_eval", q.vectors);
  reference.report("out.diff_eval", diff);
  reference.report("out.indices_eval", q.codes);
  reference.report("grad.x", x.grad());
}

Quantized training_call(EmaQuantizer& quantizer, const at::Tensor& x) {
  const Quantized q = quantizer.quantize(x);
  quantizer.update(x, q.codes);
  return q;
}

void run_steps(parity::Case& reference, EmaQuantizer& quantizer, at::ScalarType type) {
  const std::string suffix = type == at::kDouble ? "_f64" : "";
  for (int step = 0; reference.has("in.x" + std::to_string(step)); ++step) {
    const std::string here = "out.step" + std::to_string(step) + ".";
    const at::Tensor x = reference.in("in.x" + std::to_string(step)).to(type);
    const Quantized q = training_call(quantizer, x);
    reference.report(here + "embed" + suffix, quantizer.embed);
    reference.report(here + "cluster_size" + suffix, quantizer.cluster_size);
    reference.report(here + "embed_avg" + suffix, quantizer.embed_avg);
    if (type != at::kFloat) continue;
    reference.report(here + "quantized", q.vectors);
    reference.report(here + "diff", difference(x, q));
    reference.report(here + "indices", q.codes);
  }
}

void run_fresh(parity::Case& reference, const Options& o) {
  EmaQuantizer fresh(o.codes, o.dim, o.decay, o.eps);
  const at::Tensor start = reference.in("in.init_embed");
  fresh.embed.copy_(start);
  fresh.embed_avg.copy_(start);
  training_call(fresh, reference.in("in.x0"));
  reference.report("out.fresh.embed_code", fresh.codebook());
  reference.report("out.fresh.embed", fresh.embed);
  reference.report("out.fresh.cluster_size", fresh.cluster_size);
  reference.report("out.fresh.embed_avg", fresh.embed_avg);
  reference.report("out.fresh.embed_used", fresh.embed.index_select(1, reference.in("in.fresh_used").nonzero().squeeze(1)));
}

}  // namespace

void run_ema_quantizer_case(parity::Case& reference) {
  const Options o = options_of(reference);
  for (const auto type : {at::kFloat, at::kDouble}) {
    EmaQuantizer quantizer(o.codes, o.dim, o.decay, o.eps);
    io::load_weights(quantizer, reference.weights);
    quantizer.to(type);
    if (type == at::kFloat) run_eval(reference, quantizer);
    const at::NoGradGuard no_grad;
    run_steps(reference, quantizer, type);
  }
  const at::NoGradGuard no_grad;
  run_fresh(reference, o);
}

}  // namespace orrery::tokens
