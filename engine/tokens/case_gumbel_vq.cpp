#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "engine/api/result.h"
#include "engine/parity/arguments.h"
#include "engine/tokens/cases.h"
#include "engine/tokens/gumbel_quantizer.h"
#include "engine/tokens/quantizer.h"

namespace orrery::tokens {

void run_gumbel_vq_case(parity::Case& reference) {
  nlohmann::json temperatures;
  std::int64_t codes = 0, dim = 0;
  parity::Arguments args(reference.args(), "args");
  args.read("tau", temperatures);
  args.read("codebook_size", codes);
  args.read("embedding_dim", dim);
  args.done();
  const at::Tensor stored = reference.weights.at("params/codebook");
  if (stored.sizes() != at::IntArrayRef({codes, dim})) throw Error(ErrorCode::bad_input, "The codebook has not the size that the arguments say.");
  for (const auto& temperature : temperatures) {
    const at::Tensor x = reference.in("in.x").clone().requires_grad_(true), codebook = stored.clone().requires_grad_(true);
    const GumbelRows out = gumbel_rows(x, codebook, reference.in("in.gumbel"), temperature.get<double>());
    const auto gradients = torch::autograd::grad({(out.rows * reference.in("in.cotangent")).sum()}, {codebook, x});
    const std::string name = "_tau" + temperature.dump();
    reference.report("out.quantized" + name, out.rows);
    reference.report("out.indices" + name, out.codes.to(at::kInt));
    reference.report("grad.codebook" + name, gradients[0]);
    reference.report("grad.x" + name, gradients[1]);
  }
  reference.report("out.quantized_eval", look_up(nearest_codes(reference.in("in.x"), stored), stored));
}

}  // namespace orrery::tokens
