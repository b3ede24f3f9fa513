#include "engine/tokens/token_recipe.h"

namespace orrery::tokens {

Stage token_stage(const std::string& name, const TokenStageConfig& config) {
  Stage stage;
  stage.name = name;
  OptimiserConfig adam;
  adam.modules = {"net"};
  adam.lr = config.lr;
  adam.beta1 = config.beta1;
  adam.beta2 = config.beta2;
  adam.clip_norm = config.clip_norm;
  adam.ramp_up_kimg = config.lr_ramp_kimg;
  stage.optimisers = {adam};
  stage.ema.half_life_kimg = config.ema_kimg;
  stage.ema.ramp_up = 0.05;
  stage.batch = config.batch;
  stage.micro_batch = config.micro_batch;
  stage.mirror = config.mirror;
  stage.until = {config.until_kimg, Until::Unit::kimg};
  stage.snapshot_kimg = config.snapshot_kimg;
  return stage;
}

}  // namespace orrery::tokens
