#include "engine/bench/networks.h"

#include "engine/nn/reset.h"

namespace orrery::bench {

std::shared_ptr<nn::SongUNet> ddpmpp_32px() {
  nn::SongUNetOptions options;
  options.resolution_px = kDdpmppSide_px;
  options.model_channels = kDdpmppWidth;
  options.channel_mult = {2, 2, 2};
  options.num_blocks = kDdpmppBlocks;
  auto net = std::make_shared<nn::SongUNet>(options);
  nn::reset_all(*net, Rng(5));
  const at::NoGradGuard no_grad;
  std::uint64_t number = 0;
  for (auto& item : net->named_parameters()) {  // what starts near zero would hide errors of what comes before it
    Rng rng = Rng(6).fork(number++);
    if (item.key().find("conv1.weight") != std::string::npos || item.key().find("proj.weight") != std::string::npos) item.value().add_(rng.normal(item.value().sizes(), item.value().options().requires_grad(false)), 0.02);
  }
  return net;
}

}  // namespace orrery::bench
