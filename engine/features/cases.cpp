#include "engine/features/cases.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>
#include <torch/autograd.h>

#include "engine/api/result.h"
#include "engine/features/efficientnet_lite.h"
#include "engine/features/weights.h"

namespace orrery::features {
namespace {

at::Tensor normalised(const parity::Case& reference, at::ScalarType dtype) {
  const at::Tensor x = reference.in("in.picture").permute({0, 3, 1, 2}).to(dtype);
  const std::string how = reference.args().at("normalisation");
  if (how == "(v - 127) / 128") return (x - 127) / 128;
  if (how == "v / 127.5 - 1") return x / 127.5 - 1;
  throw Error(ErrorCode::bad_input, "The case " + reference.name + " normalises in an unknown way: " + how + ".");
}

// L = sum over maps of sum(weight * map).
at::Tensor weighted_sum(const parity::Case& reference, const EfficientNetOutput& out, at::ScalarType dtype) {
  at::Tensor sum = at::zeros({}, at::TensorOptions().dtype(dtype).device(out.pool.device()));
  for (std::size_t i = 0; i < out.maps.size(); ++i) sum = sum + (reference.in("in.weight" + std::to_string(i)).to(dtype) * out.maps[i]).sum();
  return sum;
}

}  // namespace

void run_features_case(parity::Case& reference) {
  const std::string model = reference.args().at("model_name");
  if (model != "efficientnet-lite0") throw Error(ErrorCode::bad_input, "The case " + reference.name + " asks for the network " + model + ", whose weights no package holds.");
  const auto weights = load_part("efficientnet_lite0");
  std::vector<at::Tensor> sums;
  for (const auto& name : EfficientNetLite0::names()) {
    const at::Tensor values = weights.at(name).to(at::kDouble);
    sums.push_back(at::stack({values.sum(), values.abs().sum()}));
  }
  reference.report("table.weight_sums", at::stack(sums));

  {
    const at::NoGradGuard no_grad;
    const EfficientNetLite0 network(weights, reference.device, at::kFloat);
    const EfficientNetOutput out = network.forward(normalised(reference, at::kFloat));
    for (std::size_t i = 0; i < out.maps.size(); ++i) reference.report("out.feature" + std::to_string(i), out.maps[i]);
    reference.report("out.pool", out.pool);
    reference.report("out.logits", out.logits);
  }
  // The gradient too is taken in float64: in float32 a single ReLU6 unit at its kink, on the other side than the reference's, is 0.01 std.
  const bool gradient = reference.has("in.weight0");
  const at::Tensor x = normalised(reference, at::kDouble).contiguous().requires_grad_(gradient);
  const EfficientNetLite0 network(weights, reference.device, at::kDouble);
  const EfficientNetOutput out = network.forward(x, true);
  for (std::size_t i = 0; i < out.maps.size(); ++i) reference.report("out.feature" + std::to_string(i) + "_f64", out.maps[i]);
  reference.report("out.pool_f64", out.pool);
  reference.report("out.logits_f64", out.logits);
  std::vector<at::Tensor> means, deviations;
  for (const auto& block : out.blocks) {
    means.push_back(block.mean({1, 2, 3}));
    deviations.push_back(block.flatten(1).std(1));
  }
  reference.report("tap.block_mean", at::stack(means));
  reference.report("tap.block_std", at::stack(deviations));
  if (!gradient) return;
  const at::Tensor sum = weighted_sum(reference, out, at::kDouble);
  reference.report("out.L_f64", sum);
  reference.report("grad.L.in.x", torch::autograd::grad({sum}, {x})[0]);
}

}  // namespace orrery::features
