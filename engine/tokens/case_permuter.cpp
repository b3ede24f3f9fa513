#include <ATen/ops/tensor.h>

#include "engine/parity/arguments.h"
#include "engine/tokens/cases.h"
#include "engine/tokens/permuter.h"

namespace orrery::tokens {

void run_permuter_case(parity::Case& reference) {
  std::vector<std::vector<std::int64_t>> sizes;
  parity::Arguments args(reference.args(), "args");
  args.read("sizes", sizes);
  args.done();
  for (const auto& size : sizes) {
    const Permutation order = token_order(TokenOrder::subsample, size.at(0), size.at(1));
    const std::string name = std::to_string(size[0]) + "x" + std::to_string(size[1]);
    reference.report("table.forward_" + name, at::tensor(order.forward, at::kLong));
    reference.report("table.backward_" + name, at::tensor(order.backward, at::kLong));
  }
}

}  // namespace orrery::tokens
