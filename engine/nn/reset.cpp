#include "engine/nn/reset.h"

#include <ATen/core/grad_mode.h>

namespace orrery::nn {

void reset_all(torch::nn::Module& root, const Rng& rng) {
  const at::NoGradGuard no_grad;
  for (const auto& item : root.named_modules("", /*include_self=*/true)) {
    if (auto* module = dynamic_cast<Resettable*>(item.value().get())) module->reset_weights(rng.fork(item.key()));
  }
}

}  // namespace orrery::nn
